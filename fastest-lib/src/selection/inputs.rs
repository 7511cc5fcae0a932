use serde::Serialize;

use super::candidates::Candidates;
use crate::graph::{Closures, ImportGraph, Unresolved};
use crate::workspace::Workspace;
use crate::{Error, ErrorKind, Result};

/// The files in which pytest looks for its configuration.
pub(crate) const CONFIG_FILES: &[&str] = &[
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
];

/// Every file that a test file can load or read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inputs {
    /// The test file, relative to the rootdir.
    pub test: String,
    /// The files, by path, the test file and the configuration included.
    pub files: Vec<String>,
    /// The distributions that it imports.
    pub distributions: Vec<String>,
    /// The places that load something which cannot be known.
    pub unresolved: Vec<Unresolved>,
}

/// The inputs of a test file, which is named relative to the rootdir.
///
/// # Errors
///
/// When the graph has no such file.
pub fn inputs(workspace: &Workspace, graph: &ImportGraph, test: &str) -> Result<Inputs> {
    known(graph, test)?;
    Ok(InputsFinder::new(workspace, graph).of(test))
}

/// The inputs of many test files, which are named relative to the rootdir, for less than each costs
/// alone.
///
/// # Errors
///
/// When the graph has no file of one of these names.
pub fn inputs_of_many<T: AsRef<str>>(
    workspace: &Workspace,
    graph: &ImportGraph,
    tests: impl IntoIterator<Item = T>,
) -> Result<Vec<Inputs>> {
    let finder = InputsFinder::new(workspace, graph);
    let one = |test: T| known(graph, test.as_ref()).map(|()| finder.of(test.as_ref()));
    tests.into_iter().map(one).collect()
}

/// Gives the inputs of one test file after the other.
pub(crate) struct InputsFinder<'a> {
    workspace: &'a Workspace,
    graph: &'a ImportGraph,
    closures: Closures<'a>,
    candidates: Candidates,
}

impl<'a> InputsFinder<'a> {
    pub(crate) fn new(workspace: &'a Workspace, graph: &'a ImportGraph) -> Self {
        Self {
            workspace,
            graph,
            closures: graph.closures(),
            candidates: Candidates::of(workspace, graph),
        }
    }

    /// The inputs of a test file, which is named relative to the rootdir and should be in the graph.
    pub(crate) fn of(&self, test: &str) -> Inputs {
        let Self {
            workspace,
            graph,
            closures,
            candidates,
        } = self;
        let conftests = candidates.conftests(test).iter().map(String::as_str);
        let closure = closures.of(conftests.chain([test]));
        let mut files = closure.files;
        files.extend(config_files(workspace, graph, test));
        files.sort_unstable();
        files.dedup();
        Inputs {
            test: test.to_owned(),
            files,
            distributions: closure.distributions,
            unresolved: closure.unresolved,
        }
    }
}

/// The files in which pytest looks for its configuration when it runs a test file.
pub(super) fn config_files(workspace: &Workspace, graph: &ImportGraph, test: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folder = test;
    loop {
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        let slash = if folder.is_empty() { "" } else { "/" };
        for name in CONFIG_FILES {
            let path = format!("{folder}{slash}{name}");
            if graph.node(&path).is_some_and(|node| node.kind.is_file()) {
                files.push(path);
            }
        }
        if folder.is_empty() {
            break;
        }
    }
    let inipath = workspace
        .inipath()
        .and_then(|path| path.strip_prefix(workspace.rootdir()).ok());
    files.extend(inipath.map(|path| path.to_string_lossy().replace('\\', "/")));
    files
}

/// Says so when the graph has no file of that name.
pub(crate) fn known(graph: &ImportGraph, path: &str) -> Result<()> {
    if graph.node(path).is_some() {
        return Ok(());
    }
    let message = format!("{path}: the import graph has no such file");
    Err(Error::new(ErrorKind::Usage, message).with_help(
        "name a file below the rootdir; `fastest graph --output json` lists what there is",
    ))
}
