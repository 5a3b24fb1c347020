//! `framewright:handler/pipes`.

use super::Guest;
use crate::{
    reply::{Body, Reply, ReplyFields, Step},
    sandbox::bindings::framewright::handler::{pipes, types},
};

impl pipes::Host for Guest {
    async fn apply(&mut self, reply: pipes::Reply, pipes: String) -> wasmtime::Result<Result<pipes::Reply, String>> {
        let site = self.script.as_ref().and_then(|script| script.facts.pipes.clone());
        let Some(site) = site else { return Ok(Err("this site runs no pipes".to_owned())) };
        let applied = site.apply(to_reply(reply), &pipes, &self.request.head, &self.request.connection).await;
        Ok(match applied {
            Ok(reply) => from_reply(reply).await,
            Err(fault) => Err(fault),
        })
    }
}

fn to_reply(reply: pipes::Reply) -> Reply {
    let mut fields = ReplyFields::default();
    for field in reply.fields {
        fields.append(field.name, field.value);
    }
    let body = match reply.content {
        pipes::Content::Whole(octets) => Body::Octets(octets.into()),
        pipes::Content::Steps(steps) => Body::Script(steps.into_iter().map(to_step).collect()),
    };
    Reply { status: reply.status, reason: reply.reason.map(Into::into), fields, body }
}

fn to_step(step: pipes::Step) -> Step {
    match step {
        pipes::Step::Octets(octets) => Step::Send(octets.into()),
        pipes::Step::Pause(nanoseconds) => Step::Pause(std::time::Duration::from_nanos(nanoseconds)),
    }
}

async fn from_reply(reply: Reply) -> Result<pipes::Reply, String> {
    let content = match reply.body {
        Body::Script(steps) => pipes::Content::Steps(steps.into_iter().map(from_step).collect()),
        body => {
            let is_announced = matches!(body, Body::Octets(_) | Body::File(_) | Body::Part(_));
            let octets = body.collect().await.map_err(|fault| fault.to_string())?.to_vec();
            match is_announced {
                true => pipes::Content::Whole(octets),
                false => pipes::Content::Steps(vec![pipes::Step::Octets(octets)]),
            }
        }
    };
    let line =
        |(name, value): (&bytes::Bytes, &bytes::Bytes)| types::Field { name: name.to_vec(), value: value.to_vec() };
    Ok(pipes::Reply {
        status: reply.status,
        reason: reply.reason.map(|reason| reason.to_vec()),
        fields: reply.fields.iter().map(line).collect(),
        content,
    })
}

fn from_step(step: Step) -> pipes::Step {
    match step {
        Step::Send(octets) => pipes::Step::Octets(octets.to_vec()),
        Step::Pause(time) => pipes::Step::Pause(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
    }
}
