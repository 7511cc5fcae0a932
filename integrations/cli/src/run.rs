//! `fastest run`.

use std::io::{self, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fastest_leftovers::Leftovers;
use fastest_lib::execution::{CancelToken, Event, ExactOptions};
use fastest_lib::plan::{Capture, HermeticOptions, RunOptions, TracebackStyle};
use fastest_lib::report::{ExitCode, JUnit, Report};
use fastest_lib::workspace::{
    CoverageOptions, DisplayOptions, EngineChoice, OutputFormat, parse_size,
};
use fastest_lib::{Error, ErrorKind, Session};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::{CoverageArgs, DisplayArgs, EngineArg, OutputArg, RunArgs, TracebackArg};
use crate::pretty::{Look, Pretty, Verbosity, coverage_verdict, unenforced};
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
    if debugs(args, &session) {
        return Err(debug(args, &session, &options));
    }
    options.debugger_terminal =
        output == OutputFormat::Pretty && io::stdin().is_terminal() && io::stdout().is_terminal();
    let display = display(&args.display, &session)?;
    options.explain_xfailed = output == OutputFormat::Json || display.xfail_tb;
    let junit = junit_of(args, &session, started)?;
    let junit_files = junit_files(args, &session);
    cancel_on_signals(session.cancel_token())?;
    if !options.incremental {
        session.warm_up(&options)?;
    }

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

    let mut unwritten = None;
    let report = match output {
        OutputFormat::Json => {
            let mut out = io::stdout().lock();
            let cancel = session.cancel_token();
            session.run(&plan, &options, |event| {
                if unwritten.is_none() {
                    unwritten = write_json(&mut out, event).err();
                    if unwritten.is_some() {
                        cancel.cancel();
                    }
                }
            })?
        }
        OutputFormat::Junit => session.run(&plan, &options, |event| {
            if let Event::HermeticStarted(enforcement) = event {
                let lines = unenforced(enforcement);
                lines.iter().for_each(|line| anstream::eprintln!("{line}"));
            }
        })?,
        _ => {
            let look = Look {
                verbosity,
                traceback: options.traceback,
                options: display,
            };
            let mut pretty = Pretty::new(look, &plan);
            pretty.header(session.workspace(), selection.rerun.as_deref());
            let cancel = session.cancel_token();
            let report = session.run(&plan, &options, |event| {
                let was_open = pretty.unwritten.is_none();
                pretty.event(event);
                if was_open && pretty.unwritten.is_some() {
                    cancel.cancel();
                }
            })?;
            pretty.report(&report);
            unwritten = pretty.unwritten.take();
            report
        }
    };
    if output != OutputFormat::Pretty {
        print_coverage(&report);
    }
    if output == OutputFormat::Junit {
        unwritten = write_junit(&junit, &report, io::stdout().lock()).err();
    }
    for path in junit_files {
        write_junit(&junit, &report, workspace::create(&path)?).map_err(|error| {
            Error::new(
                ErrorKind::Io,
                format!("{}: cannot be written: {error}", path.display()),
            )
        })?;
    }
    let exit_code = report.exit_code();
    // The process ends, and its memory with it: to free every test by itself would take its time.
    std::mem::forget((discovery, selection, plan, report));
    match unwritten {
        // A reader that has enough is no mistake; the exit code still tells.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::new(
            ErrorKind::Io,
            format!("standard output cannot be written: {error}"),
        )),
        _ => Ok(exit_code),
    }
}

/// Whether a debugger is asked for that needs the terminal from the start.
fn debugs(args: &RunArgs, session: &Session) -> bool {
    let configured = &session.workspace().addopts().unknown;
    args.pdb
        || args.trace
        || configured
            .iter()
            .any(|option| option == "--pdb" || option == "--trace")
}

/// Becomes pytest, and comes back only when that fails.
fn debug(args: &RunArgs, session: &Session, options: &RunOptions) -> Error {
    let mut extra = match order::of_pytest(&args.order) {
        Ok(options) => options,
        Err(error) => return error,
    };
    let flags = [(args.pdb, "--pdb"), (args.trace, "--trace")];
    extra.extend(
        flags
            .iter()
            .filter(|(given, _)| *given)
            .map(|(_, name)| (*name).to_owned()),
    );
    extra.extend(args.pdbcls.iter().map(|class| format!("--pdbcls={class}")));
    extra.extend(
        args.junit_xml
            .iter()
            .map(|path| format!("--junit-xml={}", path.display())),
    );
    let filters = workspace::filters(session, &args.workspace);
    match session.pytest_command(&filters, options, &extra) {
        Ok(mut command) => {
            let error = command.exec();
            Error::new(
                ErrorKind::Interpreter,
                format!("pytest cannot be started: {error}"),
            )
        }
        Err(error) => error,
    }
}

fn write_json(out: &mut impl Write, event: &Event) -> io::Result<()> {
    let line = serde_json::to_string(event)?;
    writeln!(out, "{line}")
}

/// The JUnit report that settings and options ask for.
fn junit_of(args: &RunArgs, session: &Session, started: SystemTime) -> Result<JUnit, Error> {
    let workspace = session.workspace();
    let mut junit = JUnit::configured(workspace.config())?;
    let configured = || workspace.addopts().junit_prefix.clone();
    junit.prefix = args.junit_prefix.clone().or_else(configured);
    junit.timestamp = Some(humantime::format_rfc3339_micros(started).to_string());
    junit.hostname = rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .map(ToOwned::to_owned);
    Ok(junit)
}

fn write_junit(junit: &JUnit, report: &Report, out: impl Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    junit.write(report, &mut out)?;
    out.flush()
}

/// The coverage report where standard output carries data.
fn print_coverage(report: &Report) {
    if let Some(coverage) = &report.coverage {
        let verdict = coverage_verdict(coverage).map_or_else(String::new, |line| line + "\n");
        anstream::eprint!("{}{verdict}", coverage.text);
    }
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
    Verbosity {
        level: asked + addopts.verbosity + own.verbose.unwrap_or(0),
        durations,
    }
}

/// The options of a run with nothing but `--incremental` on the command line.
pub(crate) fn incremental_options(session: &Session) -> Result<RunOptions, Error> {
    let args = RunArgs {
        incremental: true,
        ..RunArgs::default()
    };
    run_options(&args, session)
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
        None => own.timeout,
        Some(seconds) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
            Error::new(
                ErrorKind::Usage,
                format!("--timeout takes seconds, not `{seconds}`"),
            )
        })?),
    };
    options.max_worker_memory = match &args.max_worker_memory {
        None => own.max_worker_memory,
        Some(text) => Some(parse_size(text).ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                format!("--max-worker-memory takes a size such as 512M, not `{text}`"),
            )
        })?),
    };
    order::options(&mut options, &args.order, session);
    options.record_inputs = args.record_inputs;
    options.incremental = args.incremental || own.incremental == Some(true) && !args.no_incremental;
    if args.hermetic || own.hermetic.enabled || options.incremental {
        options.hermetic = Some(HermeticOptions::configured(session.workspace()));
    }
    options.coverage = coverage(&args.coverage, &addopts.coverage)?;
    options.warnings.clone_from(&args.warnings);
    options.plugins.clone_from(&args.plugins);
    options.verbosity = verbosity(args, session).level;
    let output = output_format(args, session);
    if output == OutputFormat::Junit || !junit_files(args, session).is_empty() {
        let junit = JUnit::configured(session.workspace().config())?;
        options.junit_family = Some(junit.family.as_str().to_owned());
    }
    Ok(options)
}

/// What `addopts`, else `[tool.fastest]`, says of the display, and the command line after it.
fn display(args: &DisplayArgs, session: &Session) -> Result<DisplayOptions, Error> {
    let mut options = session.workspace().addopts().display.clone();
    let own = session.workspace().fastest_config();
    options.durations_min = options.durations_min.or(own.durations_min);
    let mut set = |name: &str, value: Option<&str>| {
        let set = options.set(name, value);
        set.map_err(|message| Error::new(ErrorKind::Usage, format!("{name} {message}")))
    };
    let flags = [
        ("--no-header", args.no_header),
        ("--no-summary", args.no_summary),
        ("--disable-warnings", args.disable_warnings),
        ("--xfail-tb", args.xfail_tb),
        ("--no-fold-skipped", args.no_fold_skipped),
        ("--force-short-summary", args.force_short_summary),
    ];
    for (name, _) in flags.iter().filter(|(_, given)| *given) {
        set(name, None)?;
    }
    let values = [
        ("-r", &args.report_chars),
        ("--show-capture", &args.show_capture),
        ("--color", &args.color),
        ("--durations-min", &args.durations_min),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            set(name, Some(value))?;
        }
    }
    Ok(options)
}

/// What `addopts` says of coverage, and the command line after it.
fn coverage(args: &CoverageArgs, addopts: &CoverageOptions) -> Result<CoverageOptions, Error> {
    let mut options = addopts.clone();
    let mut set = |name: &str, value: Option<&str>| {
        let set = options.set(name, value);
        set.map_err(|message| Error::new(ErrorKind::Usage, format!("{name} {message}")))
    };
    let flags = [
        ("--cov-reset", args.cov_reset),
        ("--cov-branch", args.cov_branch),
        ("--cov-append", args.cov_append),
        ("--no-cov-on-fail", args.no_cov_on_fail),
        ("--no-cov", args.no_cov),
    ];
    for (name, _) in flags.iter().filter(|(_, given)| *given) {
        set(name, None)?;
    }
    for source in &args.cov {
        set("--cov", Some(source))?;
    }
    for report in &args.cov_report {
        set("--cov-report", Some(report))?;
    }
    let values = [
        ("--cov-config", &args.cov_config),
        ("--cov-fail-under", &args.cov_fail_under),
        ("--cov-precision", &args.cov_precision),
        ("--cov-context", &args.cov_context),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            set(name, Some(value))?;
        }
    }
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
