//! From pairs of runs to a ratio, and from a ratio to a verdict.

use std::fmt;

/// Median and quartiles, interpolated between neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// A quarter of the values lies below.
    pub(crate) low: f64,
    /// Half of the values lie below.
    pub(crate) median: f64,
    /// Three quarters of the values lie below.
    pub(crate) high: f64,
}

/// What is asked of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// The figure must reach this, or must stay under it.
    pub(crate) bound: Bound,
    /// What the goal is called where there are two; may be empty.
    pub(crate) name: &'static str,
}

/// Which side of the goal is the good one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// A ratio of throughput.
    AtLeast(f64),
    /// A time or a size, in the unit of its scenario.
    Under(f64),
}

/// Whether a goal was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// At least three quarters of the values reach it.
    Met,
    /// It lies between the quartiles.
    Undecided,
    /// At least three quarters of the values miss it.
    Missed,
}

/// A verdict and what it was drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The two servers' throughput was too close to tell apart; processor time per request decided.
    pub(crate) by_cpu: bool,
}

/// Two servers whose throughput differs by less than this are told apart by their processor time per request: the load
/// generator runs on the same cores, and what it takes hides as much.
const CLOSE: f64 = 0.10;

impl Spread {
    /// Of at least one value.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> anyhow::Result<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        anyhow::ensure!(!values.is_empty(), "no values to take a median of");
        values.sort_by(f64::total_cmp);
        Ok(Self { low: quantile(&values, 0.25), median: quantile(&values, 0.5), high: quantile(&values, 0.75) })
    }
}

/// Of sorted values, at least one.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen values")]
    let at = (sorted.len() - 1) as f64 * part;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the slice, so small and positive"
    )]
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * at.fract()
}

impl Goal {
    /// Whether these values reach the goal.
    pub(crate) fn verdict(&self, spread: Spread) -> Verdict {
        let (worst, best) = match self.bound {
            Bound::AtLeast(goal) => (spread.low >= goal, spread.high >= goal),
            Bound::Under(goal) => (spread.high < goal, spread.low < goal),
        };
        match (worst, best) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::Undecided,
            (false, false) => Verdict::Missed,
        }
    }

    /// Judges a ratio of throughput, or where that comes close to 1 the ratio of processor time per request.
    pub(crate) fn judge(&self, throughput: Spread, cpu: Spread) -> Judgement {
        let by_cpu = (throughput.median - 1.0).abs() < CLOSE;
        Judgement { verdict: self.verdict(if by_cpu { cpu } else { throughput }), by_cpu }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = if self.median < 10.0 { 2 } else { 0 };
        write!(f, "{:.precision$} ({:.precision$}–{:.precision$})", self.median, self.low, self.high)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bound {
            Bound::AtLeast(goal) => write!(f, "≥ {goal}")?,
            Bound::Under(goal) => write!(f, "< {goal}")?,
        }
        if self.name.is_empty() { Ok(()) } else { write!(f, " {}", self.name) }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdict.fmt(f)?;
        f.write_str(if self.by_cpu { " by CPU" } else { "" })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Undecided => "**undecided**",
            Self::Missed => "**missed**",
        })
    }
}

/// Checks the arithmetic; called at start, since a bench without harness has no tests.
///
/// # Errors
/// A fault of ours.
pub(crate) fn self_check() -> anyhow::Result<()> {
    let spread = Spread::of([4.0, 1.0, 2.0, 3.0, 5.0])?;
    anyhow::ensure!(spread == Spread { low: 2.0, median: 3.0, high: 4.0 }, "quartiles of 1 to 5 are {spread:?}");
    let cases = [
        (Bound::AtLeast(2.0), Verdict::Met),
        (Bound::AtLeast(2.5), Verdict::Undecided),
        (Bound::AtLeast(4.5), Verdict::Missed),
        (Bound::Under(4.5), Verdict::Met),
        (Bound::Under(4.0), Verdict::Undecided),
        (Bound::Under(2.0), Verdict::Missed),
    ];
    for (bound, expected) in cases {
        let verdict = Goal { bound, name: "" }.verdict(spread);
        anyhow::ensure!(verdict == expected, "{bound:?} of {spread:?} is {verdict:?}");
    }
    let goal = Goal { bound: Bound::AtLeast(0.9), name: "" };
    let (apart, close) = (Spread::of([0.85])?, Spread::of([0.95])?);
    let cases = [(apart, close, Verdict::Missed, false), (close, apart, Verdict::Missed, true)];
    for (throughput, cpu, verdict, by_cpu) in cases {
        let judgement = goal.judge(throughput, cpu);
        anyhow::ensure!(judgement == Judgement { verdict, by_cpu }, "{throughput} with {cpu} of CPU is {judgement}");
    }
    Ok(())
}
