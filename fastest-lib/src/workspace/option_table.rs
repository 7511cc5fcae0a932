//! The options that may stand in `addopts`: pytest's own, and those of widely used plugins as far as
//! it must be known whether the next word belongs to them.

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    Flag,
    Value,
    /// The next word, unless it is an option too.
    Optional,
}

/// What an option changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Keyword,
    Markexpr,
    ExitFirst,
    Maxfail,
    Verbose,
    Quiet,
    Verbosity,
    Capture,
    NoCapture,
    Tb,
    Durations,
    LastFailed,
    FailedFirst,
    NewFirst,
    LastFailedNoFailures,
    CacheClear,
    ShowLocals(bool),
    JunitXml,
    JunitPrefix,
    Basetemp,
    Timeout,
    Warning,
    Plugin,
    DisablePluginAutoload,
    Override,
    /// Sets this option of an async plugin.
    PluginOption(&'static str),
    /// Sets this setting to true.
    Strict(&'static str),
    ImportMode,
    Ignore,
    IgnoreGlob,
    Deselect,
    Confcutdir,
    NoConftest,
    CollectInVirtualenv,
    Rootdir,
    ConfigFile,
    DoctestModules,
    DoctestGlob,
    DoctestIgnoreImportErrors,
    DoctestContinueOnFailure,
    DoctestReport,
    /// One of pytest-cov's.
    Coverage,
    /// One of those that only decide what is shown.
    Display,
    /// Neither what runs nor its outcome, only how pytest prints it.
    Harmless,
    /// Something that only pytest does.
    Unmodelled,
    /// Something that a plugin of pytest does, where it is installed.
    OfPlugin,
}

impl Effect {
    /// Whether only pytest can give the option its full meaning.
    pub(crate) fn is_unmodelled(self) -> bool {
        matches!(self, Self::Unmodelled | Self::OfPlugin)
    }
}

/// Looks an option up by its name, dashes included.
pub(crate) fn find(name: &str) -> Option<(Arity, Effect)> {
    OPTIONS
        .iter()
        .find(|(names, ..)| names.contains(&name))
        .map(|(_, arity, effect)| (*arity, *effect))
}

/// Whether `word`, an option or the value of one, is such as only plugins of pytest know.
pub(crate) fn is_of_plugin(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    !word.starts_with('-') || find(name).is_none_or(|(_, effect)| effect == Effect::OfPlugin)
}

const OPTIONS: &[(&[&str], Arity, Effect)] = &[
    // Selection and the run.
    (&["-k"], Arity::Value, Effect::Keyword),
    (&["-m"], Arity::Value, Effect::Markexpr),
    (&["-x", "--exitfirst"], Arity::Flag, Effect::ExitFirst),
    (&["--maxfail"], Arity::Value, Effect::Maxfail),
    (&["--deselect"], Arity::Value, Effect::Deselect),
    (&["--capture"], Arity::Value, Effect::Capture),
    (&["-s"], Arity::Flag, Effect::NoCapture),
    (&["--basetemp"], Arity::Value, Effect::Basetemp),
    (&["-W", "--pythonwarnings"], Arity::Value, Effect::Warning),
    // pytest-timeout's; how it ends a test makes no difference here.
    (&["--timeout"], Arity::Value, Effect::Timeout),
    (&["--timeout-method"], Arity::Value, Effect::Harmless),
    // Configuration.
    (&["-c", "--config-file"], Arity::Value, Effect::ConfigFile),
    (&["--rootdir"], Arity::Value, Effect::Rootdir),
    (&["-o", "--override-ini"], Arity::Value, Effect::Override),
    (&["--strict"], Arity::Flag, Effect::Strict("strict")),
    (
        &["--strict-markers"],
        Arity::Flag,
        Effect::Strict("strict_markers"),
    ),
    (
        &["--strict-config"],
        Arity::Flag,
        Effect::Strict("strict_config"),
    ),
    (&["-p"], Arity::Value, Effect::Plugin),
    (
        &["--disable-plugin-autoload"],
        Arity::Flag,
        Effect::DisablePluginAutoload,
    ),
    // Collection.
    (&["--import-mode"], Arity::Value, Effect::ImportMode),
    (&["--ignore"], Arity::Value, Effect::Ignore),
    (&["--ignore-glob"], Arity::Value, Effect::IgnoreGlob),
    (&["--confcutdir"], Arity::Value, Effect::Confcutdir),
    (&["--noconftest"], Arity::Flag, Effect::NoConftest),
    (
        &["--collect-in-virtualenv"],
        Arity::Flag,
        Effect::CollectInVirtualenv,
    ),
    (&["--doctest-modules"], Arity::Flag, Effect::DoctestModules),
    (&["--doctest-glob"], Arity::Value, Effect::DoctestGlob),
    (
        &["--doctest-ignore-import-errors"],
        Arity::Flag,
        Effect::DoctestIgnoreImportErrors,
    ),
    (
        &["--doctest-continue-on-failure"],
        Arity::Flag,
        Effect::DoctestContinueOnFailure,
    ),
    (&["--doctest-report"], Arity::Value, Effect::DoctestReport),
    // What earlier runs saw.
    (&["--lf", "--last-failed"], Arity::Flag, Effect::LastFailed),
    (
        &["--ff", "--failed-first"],
        Arity::Flag,
        Effect::FailedFirst,
    ),
    (&["--nf", "--new-first"], Arity::Flag, Effect::NewFirst),
    (
        &["--lfnf", "--last-failed-no-failures"],
        Arity::Value,
        Effect::LastFailedNoFailures,
    ),
    (&["--cache-clear"], Arity::Flag, Effect::CacheClear),
    // Reports.
    (&["-v", "--verbose"], Arity::Flag, Effect::Verbose),
    (&["-q", "--quiet"], Arity::Flag, Effect::Quiet),
    (&["--verbosity"], Arity::Value, Effect::Verbosity),
    (&["--tb"], Arity::Value, Effect::Tb),
    (&["--durations"], Arity::Value, Effect::Durations),
    (
        &["-l", "--showlocals"],
        Arity::Flag,
        Effect::ShowLocals(true),
    ),
    (&["--no-showlocals"], Arity::Flag, Effect::ShowLocals(false)),
    (&["-r", "--report-chars"], Arity::Value, Effect::Display),
    (
        &["--junitxml", "--junit-xml"],
        Arity::Value,
        Effect::JunitXml,
    ),
    (
        &["--junitprefix", "--junit-prefix"],
        Arity::Value,
        Effect::JunitPrefix,
    ),
    (
        &[
            "--no-header",
            "--no-summary",
            "--no-fold-skipped",
            "--force-short-summary",
            "--disable-warnings",
            "--disable-pytest-warnings",
            "--xfail-tb",
        ],
        Arity::Flag,
        Effect::Display,
    ),
    (
        &["--durations-min", "--show-capture", "--color"],
        Arity::Value,
        Effect::Display,
    ),
    (
        &["--fulltrace", "--full-trace"],
        Arity::Flag,
        Effect::Harmless,
    ),
    (&["--code-highlight"], Arity::Value, Effect::Harmless),
    // pytest's own that have no counterpart here.
    (
        &[
            "--markers",
            "--fixtures",
            "--funcargs",
            "--fixtures-per-test",
            "--pdb",
            "--trace",
            "--runxfail",
            "--sw",
            "--stepwise",
            "--sw-skip",
            "--stepwise-skip",
            "--sw-reset",
            "--stepwise-reset",
            "--collectonly",
            "--collect-only",
            "--co",
            "--pyargs",
            "--keepduplicates",
            "--keep-duplicates",
            "--continue-on-collection-errors",
            "-V",
            "--version",
            "-h",
            "--help",
            "--traceconfig",
            "--trace-config",
            "--setuponly",
            "--setup-only",
            "--setupshow",
            "--setup-show",
            "--setupplan",
            "--setup-plan",
        ],
        Arity::Flag,
        Effect::Unmodelled,
    ),
    (
        &[
            "--pdbcls",
            "--pastebin",
            "--max-warnings",
            "--assert",
            "--log-level",
            "--log-format",
            "--log-date-format",
            "--log-cli-level",
            "--log-cli-format",
            "--log-cli-date-format",
            "--log-file",
            "--log-file-mode",
            "--log-file-level",
            "--log-file-format",
            "--log-file-date-format",
            "--log-auto-indent",
            "--log-disable",
        ],
        Arity::Value,
        Effect::Unmodelled,
    ),
    (
        &["--cache-show", "--debug"],
        Arity::Optional,
        Effect::Unmodelled,
    ),
    // Plugins: async tests.
    (
        &["--asyncio-mode"],
        Arity::Value,
        Effect::PluginOption("asyncio_mode"),
    ),
    (
        &["--anyio-mode"],
        Arity::Value,
        Effect::PluginOption("anyio_mode"),
    ),
    // pytest-cov's.
    (&["--cov"], Arity::Optional, Effect::Coverage),
    (
        &[
            "--no-cov",
            "--cov-append",
            "--cov-branch",
            "--no-cov-on-fail",
            "--cov-reset",
        ],
        Arity::Flag,
        Effect::Coverage,
    ),
    (
        &[
            "--cov-report",
            "--cov-config",
            "--cov-fail-under",
            "--cov-precision",
            "--cov-context",
        ],
        Arity::Value,
        Effect::Coverage,
    ),
    (&["--session-timeout"], Arity::Value, Effect::Unmodelled),
    // Plugins: parallel runs, timeouts, reruns, asyncio, Django, order, benchmarks.
    (
        &[
            "-f",
            "--looponfail",
            "--reuse-db",
            "--create-db",
            "--nomigrations",
            "--no-migrations",
            "--migrations",
            "--benchmark-only",
            "--benchmark-skip",
            "--benchmark-disable",
            "--random-order",
        ],
        Arity::Flag,
        Effect::OfPlugin,
    ),
    (
        &[
            "-n",
            "--numprocesses",
            "--maxprocesses",
            "--dist",
            "--max-worker-restart",
            "--reruns",
            "--reruns-delay",
            "--only-rerun",
            "--ds",
            "--randomly-seed",
            "--hypothesis-profile",
            "--hypothesis-seed",
        ],
        Arity::Value,
        Effect::OfPlugin,
    ),
];
