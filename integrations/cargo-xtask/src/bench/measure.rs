//! Repeated measurements and what is said of them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::process::succeed;
use crate::report::{Printer, count, time};

const LIMIT: Duration = Duration::from_secs(900);

/// What is measured, against which limit.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) root: PathBuf,
    /// Of the wall time, that the project has set itself.
    pub(crate) limit: Duration,
}

/// Run a command, made anew each time, `runs` times after one unmeasured run, print the figures and
/// give them as JSON.
pub(crate) fn repeat(
    scenario: &Scenario,
    command: &dyn Fn() -> Command,
    runs: usize,
    printer: Printer,
) -> Result<Value> {
    let mut samples = Vec::new();
    for round in 0..=runs {
        let finished = succeed(command().current_dir(&scenario.root), LIMIT)?;
        if round > 0 {
            samples.push((finished.wall.as_secs_f64(), finished.cpu.as_secs_f64()));
        }
    }
    let wall = Spread::of(samples.iter().map(|(wall, _)| *wall));
    let cpu = Spread::of(samples.iter().map(|(_, cpu)| *cpu));
    let (name, runs, limit) = (
        scenario.name,
        count(runs, "run"),
        scenario.limit.as_secs_f64(),
    );
    let is_over = wall.median > limit;
    let word = if is_over { "over" } else { "within" };
    printer.line(format!("{name} ({runs})"));
    printer.line(format!("  wall {}   cpu {}", wall.times(), cpu.times()));
    printer.line(format!(
        "  limit {}: {word} the limit",
        time(scenario.limit)
    ));
    Ok(json!({
        "wall": wall.json(),
        "cpu": cpu.json(),
        "limit": limit,
        "over_the_limit": is_over,
    }))
}

/// The middle and the ends of some figures.
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let n = values.len();
        Self {
            median: (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0,
            min: at(0),
            max: at(n.saturating_sub(1)),
        }
    }

    fn times(&self) -> String {
        let shown = |seconds: f64| time(Duration::from_secs_f64(seconds));
        let (min, max) = (shown(self.min), shown(self.max));
        format!("{:>9} ({min} to {max})", shown(self.median))
    }

    pub(super) fn json(&self) -> Value {
        json!({"median": self.median, "min": self.min, "max": self.max})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let check = |values: &[f64], median| {
            let spread = Spread::of(values.iter().copied());
            assert_eq!(spread.median, median, "{values:?}");
        };
        check(&[3.0], 3.0);
        check(&[3.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 3.0, 2.0], 2.5);
    }
}
