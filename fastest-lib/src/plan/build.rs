//! Which engine runs which file, and with what arguments pytest does.

use std::collections::HashSet;
use std::path::Path;

use super::options::{Capture, RunOptions, TracebackStyle};
use super::together::Together;
use super::{Engine, Plan, PlannedFile};
use crate::discovery::{DiscoveredFile, Discovery, OpenReason};
use crate::selection::{Filters, SelectedFile, Selection};
use crate::workspace::{
    EngineChoice, History, ImportMode, Strategy, Workspace, is_option_of_plugin,
};

/// Plugins of pytest itself that can be ruled out without any effect on outcomes.
const HARMLESS_TO_RULE_OUT: &[&str] = &[
    "no:cacheprovider",
    "no:stepwise",
    "no:pastebin",
    "no:junitxml",
    "no:terminalprogress",
];

/// Plugins of pytest itself whose absence would show.
const BUILTIN_PLUGINS: &[&str] = &[
    "assertion",
    "capture",
    "debugging",
    "doctest",
    "faulthandler",
    "fixtures",
    "helpconfig",
    "legacypath",
    "logging",
    "main",
    "mark",
    "monkeypatch",
    "nose",
    "pytester",
    "python",
    "python_path",
    "recwarn",
    "reports",
    "runner",
    "setuponly",
    "setupplan",
    "skipping",
    "subtests",
    "terminal",
    "terminalreporter",
    "threadexception",
    "tmpdir",
    "unittest",
    "unraisableexception",
    "warnings",
];

/// Settings that the native engine honours, or that have no say in what runs and how it ends.
const NATIVE_SETTINGS: &[&str] = &[
    "addopts",
    "anyio_mode",
    "asyncio_debug",
    "asyncio_default_fixture_loop_scope",
    "asyncio_default_test_loop_scope",
    "asyncio_mode",
    "cache_dir",
    "console_output_style",
    "doctest_encoding",
    "doctest_optionflags",
    "empty_parameter_set_mark",
    "filterwarnings",
    "junit_duration_report",
    "junit_family",
    "junit_log_passing_tests",
    "junit_logging",
    "junit_suite_name",
    "log_auto_indent",
    "log_cli",
    "log_cli_date_format",
    "log_cli_format",
    "log_cli_level",
    "log_date_format",
    "log_file_date_format",
    "log_file_format",
    "log_file_level",
    "log_file_mode",
    "log_format",
    "log_level",
    "markers",
    "minversion",
    "norecursedirs",
    "python_classes",
    "python_files",
    "python_functions",
    "pythonpath",
    "required_plugins",
    "strict_config",
    "strict_markers",
    "strict_xfail",
    "testpaths",
    "tmp_path_retention_count",
    "tmp_path_retention_policy",
    "usefixtures",
    "xfail_strict",
];

/// Settings that the native engine honours in a session of pytest's own, whose helpers ask for them.
const SESSION_SETTINGS: &[&str] = &[
    "assertion_text_diff_style",
    "disable_test_id_escaping_and_forfeit_all_rights_to_community_support",
    "parametrize_long_str_id_strategy",
    "strict",
    "strict_parametrization_ids",
    "truncation_limit_chars",
    "truncation_limit_lines",
    "verbosity_assertions",
    "verbosity_test_cases",
];

/// Settings of pytest itself that the native engine does not have.
const PYTEST_SETTINGS: &[&str] = &[
    "collect_imported_tests",
    "consider_namespace_packages",
    "enable_assertion_pass_hook",
    "max_warnings",
];

/// How the names of others of them begin.
const PYTEST_SETTING_GROUPS: &[&str] = &[
    "doctest_",
    "faulthandler_",
    "junit_",
    "log_",
    "truncation_limit_",
    "verbosity_",
];

/// Those of pytest-timeout's settings that there are equivalents for; without that plugin they are
/// unknown settings, which may not be errors.
const TIMEOUT_SETTINGS: &[&str] = &["timeout", "timeout_method"];

fn is_native_setting(workspace: &Workspace, setting: &str) -> bool {
    NATIVE_SETTINGS.contains(&setting)
        || TIMEOUT_SETTINGS.contains(&setting) && !workspace.config().strict_config
}

/// Decides the engine of each selected file.
pub(crate) fn plan(
    workspace: &Workspace,
    discovery: &Discovery,
    selection: &Selection,
    options: &RunOptions,
    history: &History,
) -> Plan {
    let general = general_reasons(workspace, options);
    let mut asks_plugins = loads_plugins(workspace, options);
    let mut groups = Together::default();
    let mut files: Vec<PlannedFile> = selection
        .files
        .iter()
        .filter_map(|selected| {
            // Two files outside of the rootdir may share a name.
            let found = discovery.files.get(selected.index);
            let found = found.filter(|file| file.path == selected.path);
            let found = found.or_else(|| {
                let mut files = discovery.files.iter();
                files.find(|file| file.path == selected.path)
            })?;
            let mut planned = plan_file(found, selected, &general, options, history);
            planned.ids = wanted_ids(found, &selection.filters);
            groups.add(found);
            asks_plugins |= planned.engine == Engine::Native && !found.asks_plugins.is_empty();
            Some(planned)
        })
        .collect();
    groups.apply(&mut files, options);
    if options.strategy == Strategy::Simple {
        in_one_process(&mut files, options);
    }
    let planned: HashSet<&Path> = files.iter().map(|file| file.abspath.as_path()).collect();
    let left_out = discovery.files.iter().map(|file| &file.abspath);
    let left_out = left_out.filter(|path| !planned.contains(path.as_path()));
    let left_out = left_out.cloned().collect();
    // What workers drop, they count themselves.
    let counted_by_workers: usize = selection.files.iter().map(|file| file.deselected).sum();
    let filters = &selection.filters;
    Plan {
        files,
        left_out,
        unreadable: discovery.unreadable.clone(),
        deselected: selection.deselected.saturating_sub(counted_by_workers),
        keyword: filters.keyword.clone().unwrap_or_default(),
        markexpr: filters.markexpr.clone().unwrap_or_default(),
        deselect: filters.deselect.clone(),
        ordered: selection.ordered,
        imports_pytest: discovery.imports_pytest,
        asks_plugins,
        pytest_args: pytest_args(workspace, filters, options),
    }
}

fn plan_file(
    found: &DiscoveredFile,
    selected: &SelectedFile,
    general: &[String],
    options: &RunOptions,
    history: &History,
) -> PlannedFile {
    let mut reasons = general.to_vec();
    reasons.extend(found.needs_pytest.iter().map(describe));
    let engine = match options.engine {
        EngineChoice::Native if !found.is_candidate => Engine::Native,
        EngineChoice::Pytest => Engine::Pytest,
        _ if reasons.is_empty() => Engine::Native,
        _ => Engine::Pytest,
    };
    let closed = found.open.is_empty() && found.tests.iter().all(|test| test.open.is_none());
    PlannedFile {
        path: found.path.clone(),
        abspath: found.abspath.clone(),
        conftests: found.conftests.clone(),
        shared_fixtures: found.shared_fixtures.clone(),
        together: None,
        engine,
        reasons,
        ids: None,
        expected: (closed && selected.whole)
            .then(|| found.tests.iter().map(|test| test.id.clone()).collect()),
        is_doctest: found.is_doctest,
        is_candidate: found.is_candidate,
        tests: selected.tests.len(),
        classes: classes(found, history),
        part: selected.part.clone(),
        rank: selected.rank,
        seconds: seconds(selected, !closed, history),
    }
}

fn classes(found: &DiscoveredFile, history: &History) -> Vec<String> {
    if !history.is_failed_collector(&found.path) {
        return Vec::new();
    }
    let names = found.tests.iter().filter_map(|test| test.classes.first());
    let mut ids: Vec<String> = names
        .map(|name| format!("{}::{name}", found.path))
        .collect();
    ids.dedup();
    ids
}

/// How long a file should take: what its tests took, or all that are known of it where only Python
/// knows which there are.
fn seconds(selected: &SelectedFile, open: bool, history: &History) -> Option<f64> {
    let listed = selected.tests.iter().map(|test| test.id.as_str());
    let listed = history.seconds_of(&selected.path, listed)?;
    if !open || selected.part.is_some() {
        return Some(listed);
    }
    let known = history.file(&selected.path).iter();
    let known: f64 = known.map(|test| f64::from(test.duration)).sum();
    Some(listed.max(known))
}

/// Gives all files to pytest if one of them needs it: two engines are two processes.
fn in_one_process(files: &mut [PlannedFile], options: &RunOptions) {
    let needs_pytest = files.iter().any(|file| file.engine == Engine::Pytest);
    if options.engine != EngineChoice::Auto || !needs_pytest {
        return;
    }
    for file in files.iter_mut().filter(|file| file.reasons.is_empty()) {
        file.engine = Engine::Pytest;
        let reason = "--optimizer simple runs all files in one process, and others need pytest";
        file.reasons.push(reason.to_owned());
    }
}

/// The node ids that were asked for, whole; none when the whole file was.
fn wanted_ids(file: &DiscoveredFile, filters: &Filters) -> Option<Vec<String>> {
    let spell = |names: &Vec<String>| format!("{}::{}", file.path, names.join("::"));
    let names = filters.ids.get(&file.path).unwrap_or(&file.names);
    (!names.is_empty()).then(|| names.iter().map(spell).collect())
}

fn describe(reason: &OpenReason) -> String {
    match reason.line {
        0 => reason.message.clone(),
        line => format!("line {line}: {}", reason.message),
    }
}

/// What in the configuration keeps every file from running natively.
fn general_reasons(workspace: &Workspace, options: &RunOptions) -> Vec<String> {
    let addopts = workspace.addopts();
    let mut reasons: Vec<String> = Vec::new();
    let unknown = addopts.unknown.iter();
    if let Some(option) = unknown.clone().find(|word| !is_option_of_plugin(word)) {
        reasons.push(format!(
            "option {option} in addopts is pytest's to understand"
        ));
    }
    if let Some(setting) = unknown_settings(workspace).find(|s| is_of_pytest(s)) {
        reasons.push(format!("setting {setting} is pytest's to understand"));
    }
    if let Some(plugin) = named_plugins(workspace, options).find(|p| is_ruled_out_builtin(p)) {
        reasons.push(format!("-p {plugin} rules out a plugin of pytest itself"));
    }
    if addopts.disable_plugin_autoload {
        reasons.push("--disable-plugin-autoload in addopts loads only some plugins".to_owned());
    }
    if addopts.noconftest {
        reasons.push("--noconftest in addopts".to_owned());
    }
    reasons
}

fn named_plugins<'a>(
    workspace: &'a Workspace,
    options: &'a RunOptions,
) -> impl Iterator<Item = &'a str> {
    let plugins = workspace.addopts().plugins.iter().chain(&options.plugins);
    plugins.map(String::as_str)
}

fn unknown_settings(workspace: &Workspace) -> impl Iterator<Item = &str> {
    let settings = workspace.config().raw.keys().map(String::as_str);
    settings.filter(|setting| !is_native_setting(workspace, setting))
}

/// Whether a setting is one of pytest itself.
fn is_of_pytest(setting: &str) -> bool {
    let in_group = |group: &&str| setting.starts_with(group);
    PYTEST_SETTINGS.contains(&setting)
        || PYTEST_SETTING_GROUPS.iter().any(in_group) && !SESSION_SETTINGS.contains(&setting)
}

/// Whether the configuration asks for plugins, which only a configuration of pytest's own has.
fn loads_plugins(workspace: &Workspace, options: &RunOptions) -> bool {
    !workspace.config().required_plugins.is_empty()
        || !workspace.addopts().unknown.is_empty()
        || unknown_settings(workspace).next().is_some()
        || named_plugins(workspace, options).any(|name| !HARMLESS_TO_RULE_OUT.contains(&name))
}

/// Whether `-p` rules out a plugin of pytest itself whose work the native engine does.
fn is_ruled_out_builtin(plugin: &str) -> bool {
    let Some(name) = plugin.strip_prefix("no:") else {
        return false;
    };
    !HARMLESS_TO_RULE_OUT.contains(&plugin) && BUILTIN_PLUGINS.contains(&name)
}

/// The arguments of every pytest session: what the user said, in pytest's own words.
pub(crate) fn pytest_args(
    workspace: &Workspace,
    filters: &Filters,
    options: &RunOptions,
) -> Vec<String> {
    let asked = workspace.options();
    let mut args = vec!["--continue-on-collection-errors".to_owned()];
    let mut option = |name: &str, value: &str| args.push(format!("{name}={value}"));
    option("--rootdir", &workspace.rootdir().to_string_lossy());
    if let Some(inipath) = workspace.inipath() {
        option("-c", &inipath.to_string_lossy());
    }
    for value in &asked.overrides {
        option("--override-ini", value);
    }
    if let Some(mode) = asked.import_mode {
        let mode = match mode {
            ImportMode::Append => "append",
            ImportMode::Importlib => "importlib",
            _ => "prepend",
        };
        option("--import-mode", mode);
    }
    if let Some(confcutdir) = &asked.confcutdir {
        option("--confcutdir", &confcutdir.to_string_lossy());
    }
    for path in &asked.ignore {
        option("--ignore", path);
    }
    for glob in &asked.ignore_glob {
        option("--ignore-glob", glob);
    }
    for id in &filters.deselect {
        option("--deselect", id);
    }
    if let Some(keyword) = &filters.keyword {
        option("-k", keyword);
    }
    if let Some(markexpr) = &filters.markexpr {
        option("-m", markexpr);
    }
    if options.maxfail > 0 {
        option("--maxfail", &options.maxfail.to_string());
    }
    if options.traceback != TracebackStyle::Auto {
        option("--tb", options.traceback.as_str());
    }
    if options.capture == Capture::No {
        option("--capture", "no");
    }
    if options.verbosity != 0 {
        option("--verbosity", &options.verbosity.to_string());
    }
    for filter in &options.warnings {
        option("--pythonwarnings", filter);
    }
    if options.showlocals {
        args.push("--showlocals".to_owned());
    }
    for plugin in &options.plugins {
        args.extend(["-p".to_owned(), plugin.clone()]);
    }
    // pytest decides by its arguments which conftests it loads first.
    args.push("--".to_owned());
    args.extend(asked.args.iter().cloned());
    args
}
