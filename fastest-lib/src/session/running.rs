//! A run from its first event to its last.

use std::time::Instant;

use super::Session;
use super::incremental::Incremental;
use crate::execution::{Event, Keeping, Measuring, OrderCheck, Recording, Remembering};
use crate::plan::{Plan, RunOptions};
use crate::report::Report;
use crate::{Problem, ProblemKind, Result};

impl Session {
    /// Runs a plan; `on_event` hears of everything as it happens, on the calling thread.
    ///
    /// # Errors
    ///
    /// When the interpreter cannot be started or the engine itself fails. Failing tests are no
    /// error: they are in the [`Report`].
    pub fn run(
        &self,
        plan: &Plan,
        options: &RunOptions,
        mut on_event: impl FnMut(&Event),
    ) -> Result<Report> {
        let started = Instant::now();
        let mut report = Report::default();
        report.add_deselected(plan.deselected);
        let incremental = options.incremental && options.hermetic.is_some();
        let mut incremental = incremental
            .then(|| self.look_up(plan, options))
            .transpose()?;
        let replay = incremental
            .as_mut()
            .map(|incremental| std::mem::take(&mut incremental.replay));
        let left = incremental
            .as_ref()
            .map_or(plan, |incremental| &incremental.left);
        let is_any_left = !left.files.is_empty() || !left.unreadable.is_empty();
        if is_any_left || incremental.as_ref().is_some_and(|it| it.unchanged > 0) {
            let mut seen = Seen {
                report: &mut report,
                remembering: Remembering::default(),
                order: OrderCheck::default(),
                keeping: incremental.as_ref().map(|_| Keeping::default()),
                replay: replay.unwrap_or_default(),
                on_event: &mut on_event,
            };
            let ended = match is_any_left {
                true => self.run_left(left, options, incremental.as_ref(), &mut seen),
                false => {
                    let rootdir = self.workspace.rootdir().to_string_lossy();
                    let started = incremental.as_ref().map(|it| it.started(&rootdir));
                    started
                        .iter()
                        .for_each(|event| seen.first(event, incremental.as_ref()));
                    Ok(Watched::default())
                }
            };
            // What had its turn before the engine failed is known all the same.
            let mut history = self.history();
            let unread = history.problem().cloned();
            let Seen {
                remembering,
                order,
                keeping,
                ..
            } = seen;
            let unkept = remembering.keep(plan, &mut history);
            let Watched {
                recording,
                measuring,
            } = ended?;
            let results = incremental.as_ref().zip(keeping);
            let results = results.map(|(it, keeping)| self.keep(it, keeping, plan, options));
            let problems = unread.into_iter().chain(unkept);
            let problems = problems.chain(results.transpose()?.flatten());
            let mut events: Vec<Event> =
                problems.map(|problem| Event::Problem { problem }).collect();
            if options.check_order {
                events.extend(self.check_order(order, left, options)?);
            }
            for event in &events {
                report.record(event);
                on_event(event);
            }
            if let Some(measuring) = measuring {
                self.tell_coverage(&measuring, &mut report, &mut on_event)?;
            }
            let problem = recording.and_then(|recording| {
                let mut records = self.records();
                records.merge_and_save(recording.records())
            });
            if let Some(problem) = problem {
                let event = Event::Problem { problem };
                report.record(&event);
                on_event(&event);
            }
        } else if options.coverage.is_on() && !options.coverage.files.is_empty() {
            // Reports name these in any case.
            let measuring = Measuring::start(&options.coverage)?;
            self.tell_coverage(&measuring, &mut report, &mut on_event)?;
        }
        report.duration = started.elapsed().as_secs_f64();
        on_event(&Event::RunFinished {
            duration: report.duration,
            counts: report.counts,
            exit_code: report.exit_code().code(),
        });
        Ok(report)
    }

    fn tell_coverage(
        &self,
        measuring: &Measuring<'_>,
        report: &mut Report,
        on_event: &mut impl FnMut(&Event),
    ) -> Result<()> {
        for event in self.coverage_events(measuring, report)? {
            report.record(&event);
            on_event(&event);
        }
        Ok(())
    }

    /// Runs what is left of a plan.
    fn run_left<'o>(
        &self,
        left: &Plan,
        options: &'o RunOptions,
        incremental: Option<&Incremental>,
        seen: &mut Seen<'_>,
    ) -> Result<Watched<'o>> {
        let booting = self
            .booting
            .lock()
            .ok()
            .and_then(|mut booting| booting.take());
        let zygote = booting.map_or_else(|| self.spawn(options), Ok)?;
        let recording = options
            .record_inputs
            .then(|| Recording::start(self.workspace.rootdir()))
            .transpose()?;
        let coverage = &options.coverage;
        let measuring = coverage.is_on().then(|| Measuring::start(coverage));
        let measuring = measuring.transpose()?;
        let watching = Watching {
            recording: recording.as_ref(),
            measuring: measuring.as_ref(),
            incremental,
        };
        self.dispatch(left, options, zygote, watching, &mut |event| match event {
            Event::RunStarted { .. } => seen.first(event, incremental),
            _ => seen.see(event, true),
        })?;
        if options.hermetic.is_none() {
            self.forecast().keep(left);
        }
        Ok(Watched {
            recording,
            measuring,
        })
    }

    /// What there is to say of the coverage that was measured, of an interrupted run as well; nothing if
    /// the end was insisted on.
    fn coverage_events(&self, measuring: &Measuring<'_>, report: &Report) -> Result<Vec<Event>> {
        let failed = report.counts.failed + report.counts.errors > 0;
        let made = measuring.report(
            &self.workspace.interpreter()?.path,
            self.workspace.invocation_dir(),
            &self.cache_dir,
            failed,
            &self.cancel,
        )?;
        let Some((summary, problem)) = made else {
            return Ok(Vec::new());
        };
        let problem = problem.map(|message| Event::Problem {
            problem: Problem::new(ProblemKind::Config, message),
        });
        let problem = problem.into_iter();
        Ok(problem.chain([Event::CoverageFinished(summary)]).collect())
    }
}

/// What watches a run.
#[derive(Clone, Copy, Default)]
pub(super) struct Watching<'a> {
    pub(super) recording: Option<&'a Recording>,
    pub(super) measuring: Option<&'a Measuring<'a>>,
    pub(super) incremental: Option<&'a Incremental>,
}

/// What watched a run.
#[derive(Default)]
struct Watched<'o> {
    recording: Option<Recording>,
    measuring: Option<Measuring<'o>>,
}

/// Everyone who hears of what happens.
struct Seen<'a> {
    report: &'a mut Report,
    remembering: Remembering,
    order: OrderCheck,
    keeping: Option<Keeping>,
    /// What is said of the files that need not run.
    replay: Vec<Event>,
    on_event: &'a mut dyn FnMut(&Event),
}

impl Seen<'_> {
    /// The first event of a run, and what is known before its first test.
    fn first(&mut self, event: &Event, incremental: Option<&Incremental>) {
        let mut event = event.clone();
        if let (Event::RunStarted { files, .. }, Some(incremental)) = (&mut event, incremental) {
            *files += incremental.unchanged;
        }
        self.see(&event, true);
        if let Some(incremental) = incremental {
            for problem in &incremental.problems {
                let problem = problem.clone();
                self.see(&Event::Problem { problem }, false);
            }
            for event in std::mem::take(&mut self.replay) {
                self.remembering.observe(&event);
                (self.on_event)(&event);
                self.report.take(event);
            }
        }
    }

    fn see(&mut self, event: &Event, is_live: bool) {
        if is_live {
            if let Some(keeping) = &mut self.keeping {
                keeping.observe(event);
            }
            self.order.observe(event);
        }
        self.remembering.observe(event);
        self.report.record(event);
        (self.on_event)(event);
    }
}
