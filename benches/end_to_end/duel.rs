//! Two servers under the same load in turn: A B A B, a ratio for each pair.

use std::{fs, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::time::sleep;

use super::{
    lab::{HELLO, Lab, Peer, content},
    load::{Answered, Load},
    native::Answer,
    probe::{self, Response},
    process::Server,
    scenario::Duel,
    stats::{Judgement, Spread},
};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Pairs of runs.
    pub(crate) pairs: u32,
    /// Length of one run.
    pub(crate) run: Duration,
}

/// What came of a duel.
pub(crate) struct Figures {
    /// Requests per second of the subject.
    pub(crate) subject: Spread,
    /// Requests per second of the control.
    pub(crate) control: Spread,
    /// Subject ÷ control, by pair.
    pub(crate) ratio: Spread,
    /// Processor time of the server for each request of the subject, in µs.
    pub(crate) subject_cpu: Spread,
    /// The same of the control.
    pub(crate) control_cpu: Spread,
    /// Control ÷ subject, by pair: the ratio of throughput if nothing but the server cost time.
    pub(crate) cpu_ratio: Spread,
    /// Whether the goals of the duel were reached, in their order.
    pub(crate) judgements: Vec<Judgement>,
}

/// One run.
struct Run {
    answered: Answered,
    /// Processor time of the server for each request, in µs.
    cpu: f64,
}

/// One of the two.
struct Side<'a> {
    lab: &'a Lab,
    peer: Peer,
    path: &'static str,
    load: Load,
    octets: u64,
    answers: Vec<Answer>,
    /// Runs all the time, unless it cannot be left running.
    server: Option<Server>,
}

/// Between two runs: what the last one left behind gets done before the next is timed.
const SETTLE: Duration = Duration::from_millis(200);

/// Length of the load before the first pair, which is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

/// Runs a duel.
///
/// # Errors
/// A server that does not start or answers wrongly, and any run with a failed request.
pub(crate) async fn run(lab: &Lab, duel: &Duel, plan: Plan) -> anyhow::Result<Figures> {
    let Duel { load, octets, .. } = *duel;
    let mut subject =
        Side { lab, peer: duel.subject, path: duel.subject_path, load, octets, answers: Vec::new(), server: None };
    let response = subject.prepare().await?;
    let (path, load) = (duel.control_path, duel.control_load.unwrap_or(load));
    let answers = vec![record(lab, path, &response)?];
    let mut control = Side { lab, peer: duel.control, path, load, octets, answers, server: None };
    let echoed = control.prepare().await?;
    if duel.control == Peer::Native {
        ensure!(echoed.fields == sendable(&response), "the control answers {echoed:?}, the subject {response:?}");
    }
    subject.run(WARM_UP).await.context("warming up")?;
    control.run(WARM_UP).await.context("warming up the control")?;
    let mut pairs = Vec::new();
    for number in 1..=plan.pairs {
        let a = subject.run(plan.run).await.with_context(|| format!("run {number} of the subject"))?;
        let b = control.run(plan.run).await.with_context(|| format!("run {number} of the control"))?;
        eprintln!(
            "  {number:>2}/{}: {:.0} / {:.0} = {:.3} requests per second, {:.2} / {:.2} µs of CPU",
            plan.pairs,
            a.answered.rate,
            b.answered.rate,
            a.answered.rate / b.answered.rate,
            a.cpu,
            b.cpu
        );
        pairs.push((a, b));
    }
    subject.end().await?;
    control.end().await?;
    figures(&pairs, duel)
}

fn figures(pairs: &[(Run, Run)], duel: &Duel) -> anyhow::Result<Figures> {
    let spread = |of: fn(&(Run, Run)) -> f64| Spread::of(pairs.iter().map(of));
    let ratio = spread(|(a, b)| a.answered.rate / b.answered.rate)?;
    let cpu_ratio = spread(|(a, b)| b.cpu / a.cpu)?;
    Ok(Figures {
        subject: spread(|(a, _)| a.answered.rate)?,
        control: spread(|(_, b)| b.answered.rate)?,
        ratio,
        subject_cpu: spread(|(a, _)| a.cpu)?,
        control_cpu: spread(|(_, b)| b.cpu)?,
        cpu_ratio,
        judgements: duel.goals.iter().map(|goal| goal.judge(ratio, cpu_ratio)).collect(),
    })
}

impl Side<'_> {
    /// Starts the server and checks that it answers as it should.
    async fn prepare(&mut self) -> anyhow::Result<Response> {
        let server = self.lab.start(self.peer, &self.answers).await?;
        let response = probe::get(self.load.carrier, self.port(&server)?, self.path).await?;
        ensure!(response.status == 200, "{:?} answers {}", self.peer, response.status);
        let octets = usize::try_from(self.octets)?;
        let expected = if octets == HELLO.len() { HELLO.to_vec() } else { content(octets) };
        ensure!(response.content == expected, "{:?} answers other octets than expected", self.peer);
        self.server = Some(server);
        Ok(response)
    }

    /// One run.
    async fn run(&mut self, length: Duration) -> anyhow::Result<Run> {
        // wptserve leaves a spinning thread for every HTTP/2 connection that a client closes, which would slow down its
        // own next run and the other side's: it is started for each run.
        let fresh = self.peer == Peer::Wptserve;
        if fresh && let Some(server) = self.server.take() {
            server.stop().await?;
        }
        let server = match self.server.take() {
            Some(server) => server,
            None => self.lab.start(self.peer, &self.answers).await?,
        };
        sleep(SETTLE).await;
        let before = server.cpu()?;
        let answered = self.load.run(self.port(&server)?, self.path, self.octets, length).await?;
        let used = server.cpu()?.saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
        let cpu = used.as_secs_f64() * 1e6 / answered.responses as f64;
        if fresh {
            server.stop().await?;
        } else {
            self.server = Some(server);
        }
        Ok(Run { answered, cpu })
    }

    async fn end(self) -> anyhow::Result<()> {
        match self.server {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }

    fn port(&self, server: &Server) -> anyhow::Result<u16> {
        let port = if self.load.carrier.is_cleartext() { server.http } else { server.https };
        port.with_context(|| format!("{:?} has no listener for {:?}", self.peer, self.load.carrier))
    }
}

/// Tells the control to answer as the subject did.
fn record(lab: &Lab, path: &str, response: &Response) -> anyhow::Result<Answer> {
    let content = lab.path("recorded.content");
    fs::write(&content, &response.content)?;
    Ok(Answer { path: path.to_owned(), status: response.status, fields: sendable(response), content })
}

/// The fields that are the handler's or the file's; those of the connection are each server's own.
fn sendable(response: &Response) -> Vec<(String, String)> {
    let own = |name: &str| matches!(name, "connection" | "transfer-encoding" | "keep-alive");
    response.fields.iter().filter(|(name, _)| !own(name)).cloned().collect()
}
