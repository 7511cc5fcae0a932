use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::classes::Module;
use super::collect::{Collected, Input, Rules, collect};
use super::conftest::Conftest;
use super::failing::Failing;
use super::fixtures::{Holder, Place};
use super::ids::IdRules;
use super::ignored::{Ignored, is_ignored};
use super::model::{DiscoveredFile, Discovery, OpenReason, Test};
use super::naming::Naming;
use super::project::{Library, Project};
use super::reorder::{Item, reorder};
use crate::syntax::{FileFacts, Sources, parse};
use crate::workspace::{Argument, FileKind, FileSet, ImportMode, IniValue, TestFile, Workspace};
use crate::{NodeId, Problem, ProblemKind};

/// Finds the tests of `files` with pytest's node ids, in pytest's order, without running Python.
///
/// What the sources alone do not decide is marked open and never guessed. Every file of `files`
/// is in the answer, also one without tests: pytest imports it all the same. Files that cannot be
/// read or parsed give a problem, and whatever could be read of them.
///
/// Plugins of the interpreter that the configuration does not name are not visible here; one that
/// changes what is collected makes the answer differ from pytest's.
pub fn discover(workspace: &Workspace, files: &FileSet, sources: &Sources) -> Discovery {
    let (rootdir, config) = (workspace.rootdir(), workspace.config());
    let rules = Rules {
        ids: IdRules::new(config),
        classes: Naming::new(&config.python_classes),
        functions: Naming::new(&config.python_functions),
        imported: config.collect_imported_tests,
        usefixtures: &config.usefixtures,
        anyio_auto: is_anyio_auto(workspace),
        builtin: Holder::builtin(),
        open: open_options(&config.addopts),
    };
    let library = Library::new(sources);
    let project = Project::new(&library, workspace.import_roots(files));
    let reader = Reader {
        rootdir,
        sources,
        rules: &rules,
        project: &project,
        arguments: workspace.arguments(),
    };
    let (conftests, mut problems, mut imports_pytest) = reader.conftests(files);
    let mut session_open: Vec<OpenReason> = conftests
        .values()
        .flat_map(|conftest| conftest.session_open.iter().cloned())
        .collect();
    session_open.sort_by(|a, b| a.message.cmp(&b.message));
    let first_number = conftests.len();
    let collected: Vec<(&TestFile, Collected, Vec<Problem>, bool)> = files
        .files
        .par_iter()
        .enumerate()
        .filter_map(|(at, file)| {
            let chain: Vec<&Conftest> = file
                .conftests
                .iter()
                .filter_map(|path| conftests.get(path.as_path()))
                .collect();
            let (collected, problems, imports) =
                reader.file(file, &chain, number(first_number + at))?;
            Some((file, collected, problems, imports))
        })
        .collect();
    let mut discovered = Vec::with_capacity(collected.len());
    let mut wide = Vec::with_capacity(collected.len());
    let mismatched = mismatched(workspace, &collected);
    for (at, (file, mut collected, found, imports)) in collected.into_iter().enumerate() {
        if let Some((_, first)) = mismatched.iter().find(|(later, _)| *later == at) {
            let message = format!(
                "it has the module name of {first}, which is imported first, so pytest collects \
                 nothing from it; give one of them another name, or make packages of their folders"
            );
            let id = file.id.as_str();
            problems.push(Problem::new(ProblemKind::Discovery, message).at(id, None));
            collected.file.tests.clear();
            collected.wide.clear();
        }
        problems.extend(found);
        imports_pytest |= imports;
        for reason in &session_open {
            if !collected.file.open.contains(reason) {
                collected.file.open.push(reason.clone());
            }
        }
        collected.file.abspath.clone_from(&file.path);
        collected.file.conftests.clone_from(&file.conftests);
        collected.file.names.clone_from(&file.names);
        discovered.push(collected.file);
        wide.push(collected.wide);
    }
    let of_files = files.files.iter().flat_map(|file| &file.conftests);
    let mut all_conftests: Vec<PathBuf> = of_files.chain(&files.conftests).cloned().collect();
    all_conftests.sort();
    all_conftests.dedup();
    let session_order = order_session(&mut discovered, &wide);
    Discovery {
        files: discovered,
        problems,
        session_order,
        unreadable: files.unreadable().collect(),
        conftests: all_conftests,
        imports_pytest,
    }
}

fn is_anyio_auto(workspace: &Workspace) -> bool {
    let setting = workspace.config().raw.get("anyio_mode");
    let option = workspace.addopts().plugin_options.get("anyio_mode");
    matches!(setting, Some(IniValue::Text(mode)) if mode == "auto")
        || option.is_some_and(|mode| mode == "auto")
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Options of the ini file that let other code decide what is collected.
fn open_options(addopts: &[String]) -> Vec<OpenReason> {
    let mut open = Vec::new();
    let mut options = addopts.iter();
    while let Some(option) = options.next() {
        let plugin = match option.strip_prefix("-p") {
            Some("") => options.next().map(String::as_str),
            Some(plugin) => Some(plugin),
            None => None,
        };
        if let Some(plugin) = plugin.filter(|plugin| !plugin.starts_with("no:")) {
            let message = format!("addopts loads the plugin `{plugin}`");
            open.push(OpenReason::new(0, message));
        } else if option.starts_with("--doctest-modules") {
            open.push(OpenReason::new(0, "addopts collects doctests"));
        }
    }
    open
}

fn read(sources: &Sources, path: &Path, id: &str) -> Result<FileFacts, Problem> {
    match sources.facts(path) {
        Ok(mut facts) => {
            for problem in &mut facts.problems {
                problem.path = Some(id.to_owned());
            }
            Ok(facts)
        }
        Err(error) => Err(Problem::new(
            ProblemKind::Io,
            format!("the file cannot be read: {error}"),
        )
        .at(id, None)),
    }
}

type Conftests<'a> = HashMap<&'a Path, Conftest>;

/// What reads files.
struct Reader<'r, 's> {
    rootdir: &'r Path,
    sources: &'r Sources,
    rules: &'r Rules<'r>,
    project: &'r Project<'s>,
    /// What was asked for.
    arguments: &'r [Argument],
}

impl<'s> Reader<'_, 's> {
    fn conftests<'a>(&self, files: &'a FileSet) -> (Conftests<'a>, Vec<Problem>, bool) {
        let mut paths: Vec<&PathBuf> = files
            .files
            .iter()
            .flat_map(|file| &file.conftests)
            .collect();
        paths.sort();
        paths.dedup();
        let read: Vec<(&Path, Conftest, Vec<Problem>, bool)> = paths
            .par_iter()
            .enumerate()
            .map(|(at, path)| {
                let id = relative(self.rootdir, path);
                let (facts, problems) = facts_or_empty(self.sources, path, &id);
                let place = Place {
                    file: number(at),
                    elsewhere: Some(&id),
                    rootdir: self.rootdir,
                };
                let module = self.module(path, &facts);
                let world = self.project;
                let mut conftest = Conftest::new(&facts, &module, world, place, &self.rules.ids);
                let failing = self.project.failing_import(&module);
                conftest
                    .open
                    .extend(failing.map(|failing| self.fails(&failing)));
                (path.as_path(), conftest, problems, imports_pytest(&facts))
            })
            .collect();
        let mut conftests = HashMap::new();
        let mut problems = Vec::new();
        let mut any_imports_pytest = false;
        for (path, conftest, found, imports) in read {
            conftests.insert(path, conftest);
            problems.extend(found);
            any_imports_pytest |= imports;
        }
        (conftests, problems, any_imports_pytest)
    }

    fn module<'f>(&self, path: &'f Path, facts: &'f FileFacts) -> Module<'f>
    where
        's: 'f,
    {
        Module::new(path, facts, |module| self.project.star_names(path, module))
    }

    fn fails(&self, failing: &Failing) -> OpenReason {
        let Failing { path, line, module } = failing;
        let path = relative(self.rootdir, path);
        let message = format!("{path}:{line}: `{module}` is not found, so the import may fail");
        OpenReason::new(0, message)
    }

    /// Nothing when a conftest leaves the file out.
    fn file(
        &self,
        file: &TestFile,
        conftests: &[&Conftest],
        number: u32,
    ) -> Option<(Collected, Vec<Problem>, bool)> {
        let is_asked_for = |path: &Path| {
            self.arguments
                .iter()
                .any(|argument| argument.path.starts_with(path))
        };
        let doubt = match is_ignored(&file.path, conftests, is_asked_for) {
            Ignored::No => None,
            Ignored::Yes => return None,
            Ignored::Maybe(reason) => Some(reason),
        };
        if file.kind != FileKind::Module {
            let collects = conftests.iter().rev().find_map(|c| c.collects.as_ref());
            let mut collected = match (file.kind, collects) {
                (FileKind::Doctest, _) => doctests(file),
                (_, Some(reason)) => candidate(file, doubt, reason),
                (_, None) => return None,
            };
            if let Some(reason) = collects {
                let found = &mut collected.file;
                found.open.push(reason.clone());
                for conftest in conftests {
                    found.needs_pytest.extend_from_slice(&conftest.needs_pytest);
                    found.asks_plugins.extend_from_slice(&conftest.asks_plugins);
                }
            }
            return Some((collected, Vec::new(), false));
        }
        let (facts, problems) = facts_or_empty(self.sources, &file.path, &file.id);
        let module = self.module(&file.path, &facts);
        let failing = self.project.failing_import(&module);
        // Of an import of its own it says so by itself.
        let failing = failing.filter(|failing| failing.path != file.path);
        let doubt = doubt.or_else(|| failing.map(|failing| self.fails(&failing)));
        let input = Input {
            file,
            facts: &facts,
            module: &module,
            world: self.project,
            rootdir: self.rootdir,
            conftests,
            doubt,
            number,
        };
        let collected = collect(&input, self.rules);
        Some((collected, problems, imports_pytest(&facts)))
    }
}

/// The files that cannot be imported because another file has their module name, by position, with
/// that other file's id. Not those of which either is open: a module that fails or skips itself
/// leaves its name free.
fn mismatched(
    workspace: &Workspace,
    files: &[(&TestFile, Collected, Vec<Problem>, bool)],
) -> Vec<(usize, String)> {
    let config = workspace.config();
    if config.import_mode == ImportMode::Importlib || config.consider_namespace_packages {
        return Vec::new();
    }
    let mut same_name: FxHashMap<&OsStr, Vec<usize>> = FxHashMap::default();
    for (at, (file, ..)) in files.iter().enumerate() {
        if file.kind == FileKind::Module
            && let Some(name) = file.path.file_name()
        {
            same_name.entry(name).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    for same in same_name.into_values().filter(|same| same.len() > 1) {
        let mut first: HashMap<PathBuf, usize> = HashMap::new();
        for at in same {
            let (file, collected, ..) = &files[at];
            let before = *first.entry(module_name(&file.path)).or_insert(at);
            let (other, earlier, ..) = &files[before];
            let is_same = || file.path.canonicalize().ok() == other.path.canonicalize().ok();
            let is_sure = collected.file.open.is_empty() && earlier.file.open.is_empty();
            if before != at && is_sure && !is_same() {
                found.push((at, other.id.clone()));
            }
        }
    }
    found
}

/// The path of a module below the first folder upward that is no package, which is its name.
fn module_name(path: &Path) -> PathBuf {
    let packages = path.ancestors().skip(1);
    let outside = packages
        .into_iter()
        .find(|folder| !folder.join("__init__.py").is_file());
    let name = outside.and_then(|outside| path.strip_prefix(outside).ok());
    name.unwrap_or(path).to_path_buf()
}

/// The facts of a file, or none and the problem of reading it.
fn facts_or_empty(sources: &Sources, path: &Path, id: &str) -> (FileFacts, Vec<Problem>) {
    match read(sources, path, id) {
        Ok(facts) => {
            let problems = facts.problems.clone();
            (facts, problems)
        }
        Err(problem) => {
            let mut facts = parse(b"");
            facts.problems.push(problem.clone());
            (facts, vec![problem])
        }
    }
}

fn relative(rootdir: &Path, path: &Path) -> String {
    let path = path.strip_prefix(rootdir).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

fn imports_pytest(facts: &FileFacts) -> bool {
    facts
        .imports
        .iter()
        .any(|import| import.module.split('.').next() == Some("pytest"))
}

/// A file that is no test file, with nothing known of it.
fn without_tests(file: &TestFile) -> Collected {
    Collected {
        file: DiscoveredFile {
            path: file.id.clone(),
            tests: Vec::new(),
            open: Vec::new(),
            needs_pytest: Vec::new(),
            asks_plugins: Vec::new(),
            abspath: PathBuf::new(),
            conftests: Vec::new(),
            shared_fixtures: Vec::new(),
            names: Vec::new(),
            is_doctest: file.kind == FileKind::Doctest,
            is_candidate: file.kind == FileKind::Candidate,
        },
        wide: Vec::new(),
    }
}

/// A file that only a hook of a conftest may collect, the one that `hook` is about.
fn candidate(file: &TestFile, doubt: Option<OpenReason>, hook: &OpenReason) -> Collected {
    let mut collected = without_tests(file);
    collected.file.open.extend(doubt);
    collected.file.needs_pytest.push(hook.clone());
    collected
}

/// A file of which only doctests are collected. Those of a text file are one test, by its name;
/// those of a module are known to Python.
fn doctests(file: &TestFile) -> Collected {
    let mut collected = without_tests(file);
    let is_module = file.path.extension().is_some_and(|suffix| suffix == "py");
    match (
        file.path.file_name(),
        is_module || !has_plain_prompts(&file.path),
    ) {
        (Some(name), false) => {
            let name = name.to_string_lossy();
            let id = NodeId::new(format!("{}::{name}", file.id));
            collected.file.tests.push(Test::of_text(id, &name));
            collected.wide.push(Vec::new());
        }
        _ => {
            let reason = OpenReason::new(0, "only Python knows its doctests");
            collected.file.open.push(reason);
        }
    }
    if file.path.ends_with("conftest.py") {
        let reason = OpenReason::new(0, "only pytest collects the doctests of a conftest");
        collected.file.needs_pytest.push(reason);
    }
    collected
}

/// Whether doctest surely finds an example in a text file and nothing to refuse: each prompt is
/// followed by a blank, and no line of an example is indented less than its prompt.
fn has_plain_prompts(path: &Path) -> bool {
    let text = match std::fs::read_to_string(path) {
        Ok(text) if !text.contains('\t') => text,
        _ => return false,
    };
    let mut has_example = false;
    let mut prompt = None;
    for line in text.lines() {
        let code = line.trim_start_matches(' ');
        let indent = line.len() - code.len();
        if code.is_empty() {
            prompt = None;
            continue;
        }
        if let Some(source) = code.strip_prefix(">>>") {
            if !source.is_empty() && !source.starts_with(' ') {
                return false;
            }
            let source = source.trim();
            has_example |= !source.is_empty() && !source.starts_with('#');
            prompt = Some(indent);
        } else if prompt.is_some_and(|prompt| indent < prompt) {
            return false;
        }
        let more = code.strip_prefix("...").filter(|_| prompt.is_some());
        if more.is_some_and(|more| !more.is_empty() && !more.starts_with(' ')) {
            return false;
        }
    }
    has_example
}

/// Puts the tests of each file in the session's order; gives the order across files where that
/// is not the order of the files.
fn order_session(
    files: &mut [DiscoveredFile],
    wide: &[Vec<Vec<super::parametrize::WideParameter>>],
) -> Option<Vec<(usize, usize)>> {
    if wide.iter().flatten().all(Vec::is_empty) {
        return None;
    }
    let mut places = Vec::new();
    let mut items = Vec::new();
    for (at, (file, wide)) in files.iter().zip(wide).enumerate() {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (test, wide) in wide.iter().enumerate() {
            places.push((at, test));
            items.push(Item {
                file: at,
                folder,
                classes: &file.tests[test].classes,
                wide,
            });
        }
    }
    let order = reorder(&items);
    let mut positions: Vec<Vec<usize>> = files.iter().map(|_| Vec::new()).collect();
    let mut session = Vec::with_capacity(order.len());
    for item in order {
        let (file, test) = places[item];
        session.push((file, positions[file].len()));
        positions[file].push(test);
    }
    for (file, positions) in files.iter_mut().zip(positions) {
        let mut tests: Vec<Option<_>> = file.tests.drain(..).map(Some).collect();
        let moved = positions.into_iter().filter_map(|at| tests[at].take());
        file.tests = moved.collect();
    }
    let in_files = session.is_sorted_by_key(|(file, _)| *file);
    (!in_files).then_some(session)
}
