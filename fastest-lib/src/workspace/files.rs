use std::path::PathBuf;

use crate::Problem;

/// A test file that pytest would collect, with the conftests that apply to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestFile {
    /// The file, absolute.
    pub path: PathBuf,
    /// The file part of its node ids: relative to the rootdir, with `/`.
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
}
