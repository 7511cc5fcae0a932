use std::path::PathBuf;

use crate::{Problem, ProblemKind};

/// What pytest collects from a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// Test functions and classes; doctests too when they are asked for.
    #[default]
    Module,
    /// Doctests alone: a text file, or a module that is no test file under `--doctest-modules`. Only
    /// pytest runs them.
    Doctest,
    /// Nothing by pytest itself. A `conftest.py` that applies mentions `pytest_collect_file` or
    /// `pytest_collect_directory`, to which pytest offers every file: only pytest knows what it holds.
    Candidate,
}

/// A test file that pytest would collect, with the conftests that apply to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestFile {
    /// The file, absolute.
    pub path: PathBuf,
    /// What is collected from it.
    pub kind: FileKind,
    /// The file part of its node ids: relative to the rootdir, with `/`. For a file outside of the
    /// rootdir it is relative to the argument that led to it, and empty when that is the file, as
    /// in pytest's node ids.
    pub id: String,
    /// The `conftest.py` files that apply, absolute, outermost first.
    pub conftests: Vec<PathBuf>,
    /// The node ids that were asked for below this file, as lists of names after the path; empty
    /// when the whole file was.
    pub names: Vec<Vec<String>>,
}

/// The test files of a workspace, in the order in which pytest collects them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FileSet {
    /// The test files.
    pub files: Vec<TestFile>,
    /// Folders and files that could not be read.
    pub problems: Vec<Problem>,
    /// Every `conftest.py` that pytest would load, absolute, also where no test file is below it.
    pub(crate) conftests: Vec<PathBuf>,
}

impl FileSet {
    /// The folders and files that could not be read, relative to the rootdir, and why.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = (String, String)> {
        let problems = self
            .problems
            .iter()
            .filter(|problem| problem.kind == ProblemKind::Io);
        problems.filter_map(|problem| Some((problem.path.clone()?, problem.message.clone())))
    }
}
