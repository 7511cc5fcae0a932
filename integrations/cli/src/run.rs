//! `fastest run`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fastest_lib::execution::{CancelToken, Event, ExactOptions};
use fastest_lib::plan::{Capture, RunOptions, TracebackStyle};
use fastest_lib::report::{ExitCode, JUnit, Report};
use fastest_lib::workspace::{EngineChoice, OutputFormat};
use fastest_lib::{Error, ErrorKind, Session};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::{EngineArg, OutputArg, RunArgs, TracebackArg};
use crate::leftovers::Leftovers;
use crate::pretty::{Pretty, Verbosity};
use crate::{order, workspace};

pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Error> {
    let started = SystemTime::now();
    // Before the session, so that it is dropped after it.
    let _leftovers = Leftovers::adopt();
    let mut workspace_options = workspace::options(&args.workspace)?;
    workspace_options.python.clone_from(&args.python);
    let session = Session::open(workspace_options)?;
    let output = output_format(args, &session);
    let mut options = run_options(args, &session)?;
    options.stdout_is_data = output != OutputFormat::Pretty;
    let verbosity = verbosity(args, &session);
    options.verbosity = verbosity.level;
    cancel_on_signals(session.cancel_token())?;
    session.warm_up(&options)?;

    let mut filters = workspace::filters(&session, &args.workspace);
    order::filters(&mut filters, &args.order, &session)?;
    let mut discovery = session.discover()?;
    if session.last_failed_is_open(&discovery, &filters) {
        // Where that fails the run itself will say why.
        let _ = session.resolve_open(&mut discovery, &ExactOptions::default());
    }
    for problem in session
        .workspace()
        .problems()
        .iter()
        .chain(&discovery.problems)
    {
        workspace::print_problem(problem);
    }
    let mut selection = session.select(&discovery, &filters)?;
    order::closest_first(&mut selection, &args.order, &session)?;
    let plan = session.plan(&discovery, &selection, &options);

    let report = match output {
        OutputFormat::Json => {
            let mut out = io::stdout().lock();
            let cancel = session.cancel_token();
            session.run(&plan, &options, |event| {
                write_json(&mut out, event, &cancel)
            })?
        }
        OutputFormat::Junit => session.run(&plan, &options, |_| {})?,
        _ => {
            let mut pretty = Pretty::new(verbosity, &plan);
            pretty.header(session.workspace(), selection.rerun.as_deref());
            let cancel = session.cancel_token();
            let report = session.run(&plan, &options, |event| {
                pretty.event(event);
                if pretty.closed {
                    cancel.cancel();
                }
            })?;
            pretty.report(&report);
            report
        }
    };
    if output == OutputFormat::Junit {
        // Its reader may have gone; the exit code still tells.
        let _ = write_junit(&report, started, io::stdout().lock());
    }
    for path in junit_files(args, &session) {
        write_junit(&report, started, workspace::create(&path)?).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("{}: cannot be written: {error}", path.display()),
            )
        })?;
    }
    Ok(report.exit_code())
}

fn write_json(out: &mut impl Write, event: &Event, cancel: &CancelToken) {
    let written = serde_json::to_string(event)
        .map_err(io::Error::from)
        .and_then(|line| writeln!(out, "{line}"));
    if written.is_err() {
        cancel.cancel();
    }
}

fn write_junit(report: &Report, started: SystemTime, out: impl Write) -> io::Result<()> {
    let mut junit = JUnit::default();
    junit.timestamp = Some(humantime::format_rfc3339_micros(started).to_string());
    junit.hostname = rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .map(ToOwned::to_owned);
    let mut out = io::BufWriter::new(out);
    junit.write(report, &mut out)?;
    out.flush()
}

fn junit_files(args: &RunArgs, session: &Session) -> Vec<PathBuf> {
    let configured = || {
        let addopts = session
            .workspace()
            .addopts()
            .junit_xml
            .as_ref()
            .map(PathBuf::from);
        let own = session.workspace().fastest_config().junit_xml.as_ref();
        addopts.or_else(|| own.map(|path| session.workspace().rootdir().join(path)))
    };
    args.junit_xml
        .clone()
        .or_else(configured)
        .into_iter()
        .collect()
}

fn output_format(args: &RunArgs, session: &Session) -> OutputFormat {
    match args.output {
        Some(OutputArg::Pretty) => OutputFormat::Pretty,
        Some(OutputArg::Json) => OutputFormat::Json,
        Some(OutputArg::Junit) => OutputFormat::Junit,
        None => session
            .workspace()
            .fastest_config()
            .output
            .unwrap_or(OutputFormat::Pretty),
    }
}

fn verbosity(args: &RunArgs, session: &Session) -> Verbosity {
    let addopts = session.workspace().addopts();
    let own = session.workspace().fastest_config();
    let asked = i32::from(args.verbose) - i32::from(args.quiet);
    let durations = args.durations.or_else(|| {
        addopts
            .durations
            .or(own.durations)
            .and_then(|count| usize::try_from(count).ok())
    });
    let durations_min = args.durations_min.or(addopts.durations_min);
    Verbosity {
        durations_min: durations_min.or(own.durations_min),
        level: asked + addopts.verbosity + own.verbose.unwrap_or(0),
        durations,
    }
}

/// The command line, else `addopts`, else `[tool.fastest]`.
fn run_options(args: &RunArgs, session: &Session) -> Result<RunOptions, Error> {
    let addopts = session.workspace().addopts();
    let own = session.workspace().fastest_config();
    let mut options = RunOptions::default();
    options.workers = match args.workers.as_deref() {
        None => own.workers,
        Some("auto" | "logical") => None,
        Some(text) => Some(
            text.parse()
                .ok()
                .filter(|count| *count > 0)
                .ok_or_else(|| {
                    Error::new(
                        ErrorKind::Usage,
                        format!("-n takes a positive number or `auto`, not `{text}`"),
                    )
                })?,
        ),
    };
    options.engine = match args.engine {
        Some(EngineArg::Auto) => EngineChoice::Auto,
        Some(EngineArg::Native) => EngineChoice::Native,
        Some(EngineArg::Pytest) => EngineChoice::Pytest,
        None => own.engine.unwrap_or_default(),
    };
    let configured = addopts
        .maxfail
        .or(own.maxfail)
        .and_then(|n| usize::try_from(n).ok());
    options.maxfail = match (args.exitfirst, args.maxfail) {
        (_, Some(limit)) => limit,
        (true, None) => 1,
        (false, None) => configured.unwrap_or(0),
    };
    let uncaptured = args.no_capture
        || addopts.capture.as_deref() == Some("no")
        || (addopts.capture.is_none() && own.capture == Some(false));
    options.capture = if uncaptured { Capture::No } else { Capture::Fd };
    options.traceback = match args.tb {
        Some(style) => traceback(style),
        None => match addopts.tbstyle.as_deref() {
            Some("long") => TracebackStyle::Long,
            Some("short") => TracebackStyle::Short,
            Some("line") => TracebackStyle::Line,
            Some("native") => TracebackStyle::Native,
            Some("no") => TracebackStyle::No,
            _ => TracebackStyle::Auto,
        },
    };
    options.showlocals = args.showlocals || addopts.showlocals == Some(true);
    options.timeout = match args.timeout {
        None => None,
        Some(seconds) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
            Error::new(
                ErrorKind::Usage,
                format!("--timeout takes seconds, not `{seconds}`"),
            )
        })?),
    };
    order::options(&mut options, &args.order, session);
    options.record_inputs = args.record_inputs;
    options.warnings.clone_from(&args.warnings);
    options.plugins.clone_from(&args.plugins);
    Ok(options)
}

fn traceback(style: TracebackArg) -> TracebackStyle {
    match style {
        TracebackArg::Auto => TracebackStyle::Auto,
        TracebackArg::Long => TracebackStyle::Long,
        TracebackArg::Short => TracebackStyle::Short,
        TracebackArg::Line => TracebackStyle::Line,
        TracebackArg::Native => TracebackStyle::Native,
        TracebackArg::No => TracebackStyle::No,
    }
}

/// Ctrl-C once ends the run in order, twice at once.
pub(crate) fn cancel_on_signals(cancel: CancelToken) -> Result<(), Error> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).map_err(|error| {
        Error::new(
            ErrorKind::Execution,
            format!("signals cannot be handled: {error}"),
        )
    })?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            cancel.cancel();
        }
    });
    Ok(())
}
