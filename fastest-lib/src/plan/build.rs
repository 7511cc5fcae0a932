//! Which engine runs which file, and with what arguments pytest does.

use super::options::{Capture, RunOptions, TracebackStyle};
use super::{Engine, Plan, PlannedFile};
use crate::discovery::{DiscoveredFile, Discovery, OpenReason};
use crate::selection::{Filters, SelectedFile, Selection};
use crate::workspace::{EngineChoice, History, ImportMode, Strategy, Workspace};

/// Plugins of pytest itself that can be ruled out without any effect on outcomes.
const HARMLESS_TO_RULE_OUT: &[&str] = &[
    "no:cacheprovider",
    "no:stepwise",
    "no:pastebin",
    "no:junitxml",
    "no:terminalprogress",
];

/// Settings that the native engine honours, or that have no say in what runs and how it ends.
const NATIVE_SETTINGS: &[&str] = &[
    "addopts",
    "cache_dir",
    "console_output_style",
    "empty_parameter_set_mark",
    "filterwarnings",
    "junit_family",
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

/// Decides the engine of each selected file.
pub(crate) fn plan(
    workspace: &Workspace,
    discovery: &Discovery,
    selection: &Selection,
    options: &RunOptions,
    history: &History,
) -> Plan {
    let general = general_reasons(workspace, options);
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
            Some(plan_file(found, selected, &general, options, history))
        })
        .collect();
    if options.strategy == Strategy::Simple {
        in_one_process(&mut files, options);
    }
    // What workers drop, they count themselves.
    let counted_by_workers: usize = selection.files.iter().map(|file| file.deselected).sum();
    let filters = &selection.filters;
    Plan {
        files,
        unreadable: discovery.unreadable.clone(),
        deselected: selection.deselected.saturating_sub(counted_by_workers),
        keyword: filters.keyword.clone().unwrap_or_default(),
        markexpr: filters.markexpr.clone().unwrap_or_default(),
        deselect: filters.deselect.clone(),
        ordered: selection.ordered,
        imports_pytest: discovery.imports_pytest,
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
        EngineChoice::Native => Engine::Native,
        EngineChoice::Pytest => Engine::Pytest,
        _ if reasons.is_empty() => Engine::Native,
        _ => Engine::Pytest,
    };
    let closed = found.open.is_empty() && found.tests.iter().all(|test| test.open.is_none());
    PlannedFile {
        path: found.path.clone(),
        abspath: found.abspath.clone(),
        conftests: found.conftests.clone(),
        engine,
        reasons,
        ids: wanted_ids(found),
        expected: (closed && selected.whole)
            .then(|| found.tests.iter().map(|test| test.id.clone()).collect()),
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
fn wanted_ids(file: &DiscoveredFile) -> Option<Vec<String>> {
    let spell = |names: &Vec<String>| format!("{}::{}", file.path, names.join("::"));
    (!file.names.is_empty()).then(|| file.names.iter().map(spell).collect())
}

fn describe(reason: &OpenReason) -> String {
    match reason.line {
        0 => reason.message.clone(),
        line => format!("line {line}: {}", reason.message),
    }
}

/// What in the configuration keeps every file from running natively.
fn general_reasons(workspace: &Workspace, options: &RunOptions) -> Vec<String> {
    let config = workspace.config();
    let addopts = workspace.addopts();
    let mut reasons: Vec<String> = Vec::new();
    if let Some(option) = addopts.unknown.first() {
        reasons.push(format!(
            "option {option} in addopts is pytest's or a plugin's to understand"
        ));
    }
    if let Some(setting) = config
        .raw
        .keys()
        .find(|s| !NATIVE_SETTINGS.contains(&s.as_str()))
    {
        reasons.push(format!(
            "setting {setting} is pytest's or a plugin's to understand"
        ));
    }
    let plugins = addopts.plugins.iter().chain(&options.plugins);
    if let Some(plugin) = plugins
        .into_iter()
        .find(|p| !HARMLESS_TO_RULE_OUT.contains(&p.as_str()))
    {
        reasons.push(format!("-p {plugin} loads or rules out a plugin"));
    }
    if let Some(plugin) = config.required_plugins.first() {
        reasons.push(format!("required_plugins names {plugin}"));
    }
    if addopts.noconftest {
        reasons.push("--noconftest in addopts".to_owned());
    }
    if matches!(addopts.capture.as_deref(), Some("sys" | "tee-sys")) {
        reasons.push("only pytest has --capture=sys and tee-sys".to_owned());
    }
    reasons
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
