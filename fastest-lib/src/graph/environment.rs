//! What has a say in the graph besides the files: the configuration, the interpreter.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use super::rule::Rule;
use crate::environment::{Installed, is_stdlib};
use crate::workspace::{Config, IniValue, PathPattern, Workspace, nearest};
use crate::{Problem, ProblemKind};

/// What all files are resolved with, in terms of paths below the rootdir.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) rootdir: PathBuf,
    /// Import roots that the configuration and the interpreter name.
    pub(super) roots: Vec<String>,
    /// Packages that editable installations map to folders of the workspace.
    pub(super) mapped: Vec<(String, String)>,
    pub(super) plugins: Vec<(String, Rule)>,
    /// The folder above which no `conftest.py` applies; none when none does.
    pub(super) conftests: Option<String>,
    patterns: Vec<PathPattern>,
    pub(super) installed: Option<FxHashSet<String>>,
    /// Whether the examples in docstrings are tests.
    pub(super) doctests: bool,
    /// Archives on the search path.
    pub(super) zips: Vec<String>,
    pub(super) disabled: Vec<Rule>,
    /// Edges that the configuration adds and removes: globs of both ends.
    pub(super) declared: Vec<(String, String)>,
    pub(super) dropped: Vec<(String, String)>,
    /// Changes with everything above.
    pub(super) key: u64,
}

impl Environment {
    pub(super) fn of(workspace: &Workspace) -> Self {
        let rootdir = workspace.rootdir();
        let config = &workspace.fastest_config().graph;
        let addopts = workspace.addopts();
        let import_roots = workspace.fixed_import_roots();
        let installed = Installed::read(&import_roots.installed);
        let inside = |path: &Path| -> Option<String> {
            let path = path.strip_prefix(rootdir).ok()?;
            path.to_str().map(|path| path.replace('\\', "/"))
        };
        let site_packages = &import_roots.installed;
        let listed = installed.folders.iter();
        let listed = listed.filter(|path| !site_packages.contains(path));
        let search_path = import_roots.configured.iter().chain(listed);
        let mut roots: Vec<String> = search_path.filter_map(|path| inside(path)).collect();
        let zips = roots.iter().filter(|path| is_archive(path)).cloned();
        let zips = zips.collect();
        roots.extend(
            config
                .roots
                .iter()
                .map(|root| root.trim_matches('/').to_owned()),
        );
        roots.push(String::new());
        let mapped = installed
            .mapped
            .iter()
            .filter_map(|(name, path)| Some((name.clone(), inside(path)?)));
        let mut mapped: Vec<_> = mapped.collect();
        mapped.sort();
        let mut plugins: Vec<(String, Rule)> = addopts
            .plugins
            .iter()
            .filter(|plugin| !plugin.starts_with("no:"))
            .map(|plugin| (plugin.clone(), Rule::PluginOption))
            .collect();
        for (name, value) in &workspace.config().raw {
            if !Config::is_pytest_setting(name) {
                let words = words_of(value);
                plugins.extend(words.map(|word| (word.to_owned(), Rule::IniString)));
            }
        }
        // `action:message:category:…`; the category's module is imported for every test.
        let filters = workspace.config().filterwarnings.iter();
        for filter in filters.chain(&addopts.warnings) {
            if let Some(category) = filter.split(':').nth(2).filter(|name| name.contains('.')) {
                plugins.push((category.trim().to_owned(), Rule::IniString));
            }
        }
        let conftests = (!addopts.noconftest).then(|| {
            // One that lies elsewhere holds nothing back.
            inside(workspace.confcutdir()).unwrap_or_default()
        });
        let disabled = config.disable.iter();
        let mut environment = Self {
            rootdir: rootdir.to_path_buf(),
            roots,
            mapped,
            plugins,
            conftests,
            patterns: workspace.test_patterns(),
            installed: tops(&installed),
            doctests: addopts.doctest_modules
                && !addopts.plugins.iter().any(|plugin| plugin == "no:doctest"),
            zips,
            disabled: disabled.filter_map(|name| Rule::named(name)).collect(),
            declared: pairs(&config.edges),
            dropped: pairs(&config.drop),
            key: 0,
        };
        environment.key = environment.digest(&workspace.config().python_files);
        environment
    }

    fn digest(&self, patterns: &[String]) -> u64 {
        let mut hash = Xxh3::new();
        let mut installed: Vec<&String> = self.installed.iter().flatten().collect();
        installed.sort_unstable();
        let Self {
            rootdir,
            roots,
            mapped,
            plugins,
            conftests,
            zips,
            doctests,
            disabled,
            declared,
            dropped,
            ..
        } = self;
        let text = format!(
            "{rootdir:?}{roots:?}{mapped:?}{plugins:?}{conftests:?}{zips:?}{doctests}{disabled:?}{declared:?}\
             {dropped:?}{patterns:?}{installed:?}{}",
            self.installed.is_some()
        );
        hash.update(text.as_bytes());
        hash.digest()
    }

    /// Whether a file is a test file by its name; the folder is relative to the rootdir. Where doctests
    /// of modules are collected, every module is one.
    pub(super) fn is_test(&self, folder: &str, name: &str) -> bool {
        if !name.ends_with(".py") {
            return false;
        }
        if self.doctests && !matches!(name, "__main__.py" | "setup.py") {
            return true;
        }
        let path = self.rootdir.join(folder).join(name);
        self.patterns
            .iter()
            .any(|pattern| pattern.matches(&path, name))
    }
}

/// Whether Python takes a file of that name on the search path for an archive of modules.
fn is_archive(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("zip" | "egg" | "whl" | "pyz"))
}

/// What of the configuration is not used.
pub(super) fn problems(workspace: &Workspace) -> Vec<Problem> {
    let config = &workspace.fastest_config().graph;
    let mut messages: Vec<String> = Vec::new();
    let names = || Rule::ALL.iter().map(|rule| rule.name());
    for name in &config.disable {
        if Rule::named(name).is_none() {
            let hint = match nearest(name, names()) {
                Some(rule) => format!("did you mean `{rule}`?"),
                None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
            };
            messages.push(format!(
                "unknown rule `{name}` in `disable` of [tool.fastest.graph] is not used; {hint}"
            ));
        }
    }
    for root in &config.roots {
        if !workspace.rootdir().join(root).is_dir() {
            messages.push(format!(
                "`roots` of [tool.fastest.graph] names `{root}`, and there is no such folder"
            ));
        }
    }
    for (key, edges) in [("edges", &config.edges), ("drop", &config.drop)] {
        for glob in edges.iter().flat_map(|edge| [&edge.from, &edge.to]) {
            if let Err(error) = GlobBuilder::new(glob).literal_separator(true).build() {
                messages.push(format!(
                    "the glob `{glob}` in `{key}` of [tool.fastest.graph] is malformed, so its edge is \
                     not used: {}",
                    error.kind()
                ));
            }
        }
    }
    let messages = messages.into_iter();
    messages
        .map(|message| Problem::new(ProblemKind::Config, message).at("pyproject.toml", None))
        .collect()
}

fn pairs(edges: &[crate::workspace::EdgeGlobs]) -> Vec<(String, String)> {
    let edges = edges.iter();
    edges
        .map(|edge| (edge.from.clone(), edge.to.clone()))
        .collect()
}

fn words_of(value: &IniValue) -> impl Iterator<Item = &str> {
    let texts: Vec<&str> = match value {
        IniValue::Text(text) => vec![text],
        IniValue::List(texts) => texts.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let words = texts.into_iter().flat_map(str::split_ascii_whitespace);
    words.filter(|word| {
        let mut parts = word.split('.');
        word.contains('.')
            && parts.all(|part| {
                !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric())
            })
    })
}

/// The top-level names of what is installed; none when it is not known in full.
fn tops(installed: &Installed) -> Option<FxHashSet<String>> {
    if installed.is_partial {
        return None;
    }
    let mut names = FxHashSet::default();
    for folder in &installed.folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let stem = name.split('.').next().unwrap_or_default();
            if !name.ends_with("-info") && !stem.is_empty() && !is_stdlib(stem) {
                names.insert(stem.to_owned());
            }
        }
    }
    names.extend(installed.mapped.keys().cloned());
    Some(names)
}
