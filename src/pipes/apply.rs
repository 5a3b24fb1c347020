//! Pipes at work on a response.

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{
    fault::{PipeError, PipeFault},
    gzip,
    parse::Call,
    pipe::Pipe,
    slice::selected,
    trickle::Trickle,
};
use crate::{
    reply::{Body, Reply},
    substitution::{Facts, reads_files, substitute},
};

/// The response that pipes make of another, each of what the one before it made. `clock` says what time `gzip` names.
///
/// Pipes that need the content read it whole, and make the pauses of a `trickle` before them. A field `Content-Length`
/// that is there already stays, but for `slice` and `gzip`, which set it, right or wrong as it may be.
///
/// # Errors
/// The first pipe that cannot be applied, after all before it have been; the response is gone then.
///
/// # Cancel safety
/// The response is lost.
pub async fn apply(
    mut reply: Reply,
    calls: &[Call],
    facts: &(dyn Facts + Sync),
    clock: fn() -> OffsetDateTime,
) -> Result<Reply, PipeError> {
    for call in calls {
        let pipe = call.check()?;
        pipe.apply(&mut reply, facts, clock).await.map_err(|fault| call.error(fault))?;
    }
    Ok(reply)
}

impl Pipe {
    async fn apply(
        self,
        reply: &mut Reply,
        facts: &(dyn Facts + Sync),
        clock: fn() -> OffsetDateTime,
    ) -> Result<(), PipeFault> {
        match self {
            Self::Status(status) => (reply.status, reply.reason) = (status, None),
            Self::Header { name, value, append: false } => reply.fields.set(name, value),
            Self::Header { name, value, append: true } => reply.fields.append(name, value),
            Self::Slice { start, end } => {
                let content = content(reply).await?;
                let part = content.slice(selected(start, end, content.len()));
                set_content(reply, part, true);
            }
            Self::Gzip => {
                let content = content(reply).await?;
                reply.fields.set(&b"Content-Encoding"[..], &b"gzip"[..]);
                let compressed = gzip::compress(&content, clock()).await;
                set_content(reply, compressed.into(), true);
            }
            Self::Trickle(script) => trickle(reply, &script).await?,
            Self::Sub(escape) => {
                let content = content(reply).await?;
                let document = without_stalling(&content, || substitute(&content, &escape, facts))?;
                set_content(reply, document.into(), false);
            }
        }
        Ok(())
    }
}

async fn trickle(reply: &mut Reply, script: &Trickle) -> Result<(), PipeFault> {
    let content = content(reply).await?;
    // What a cache keeps comes at once the next time.
    if !CACHE_FIELDS.iter().any(|(name, _)| reply.fields.contains(name)) {
        for (name, value) in CACHE_FIELDS {
            reply.fields.set(name, value);
        }
    }
    reply.body = Body::Script(script.steps(&content)?);
    Ok(())
}

/// Takes all content out of a response.
async fn content(reply: &mut Reply) -> Result<Bytes, PipeFault> {
    let body = std::mem::replace(&mut reply.body, Body::Octets(Bytes::new()));
    Ok(body.collect().await?)
}

fn set_content(reply: &mut Reply, content: Bytes, announce: bool) {
    if announce {
        reply.fields.set(&b"Content-Length"[..], content.len().to_string());
    }
    reply.body = Body::Octets(content);
}

/// Runs what may take long, of large content or of files, without stalling the other tasks of this worker.
fn without_stalling<T>(content: &[u8], work: impl FnOnce() -> T) -> T {
    let long = content.len() > LARGE_OCTETS || reads_files(content);
    // With one thread alone there is no other that could take over.
    if long && Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

const CACHE_FIELDS: [(&[u8], &[u8]); 3] =
    [(b"Cache-Control", b"no-cache, no-store, must-revalidate"), (b"Pragma", b"no-cache"), (b"Expires", b"0")];

/// From here on substituting takes more than a millisecond.
const LARGE_OCTETS: usize = 256 << 10;
