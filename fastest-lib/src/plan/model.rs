use std::path::PathBuf;

use crate::NodeId;
use crate::discovery::SharedFixture;
use crate::plan::Engine;
use crate::selection::Part;

/// What is to run: files in order, each with its engine.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Plan {
    /// The files, in pytest's order. A file of which some tests run earlier than others is there once
    /// for each part.
    pub files: Vec<PlannedFile>,
    /// Whether another order than pytest's was asked for, which one worker then follows strictly.
    pub ordered: bool,
    /// Files that discovery found and of which no test is to run, absolute.
    pub left_out: Vec<PathBuf>,
    /// Folders that could not be read, relative to the rootdir, and why; each is an error of the
    /// run, because tests may be missing.
    pub unreadable: Vec<(String, String)>,
    /// Tests that filters dropped together with their whole file.
    pub deselected: usize,
    /// The `-k` expression that workers apply to what only they can collect.
    pub keyword: String,
    /// The `-m` expression that workers apply to what only they can collect.
    pub markexpr: String,
    /// The beginnings of node ids that workers leave out.
    pub deselect: Vec<String>,
    /// Whether a file or conftest imports pytest, so that workers should share it.
    pub imports_pytest: bool,
    /// Whether plugins or hooks of pytest have a say in files that are to run natively.
    pub asks_plugins: bool,
    /// The arguments of every pytest session.
    pub pytest_args: Vec<String>,
}

/// One file of a [`Plan`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedFile {
    /// The file part of its node ids.
    pub path: String,
    /// The file, absolute.
    pub abspath: PathBuf,
    /// The conftests that apply to it, absolute, outermost first.
    pub conftests: Vec<PathBuf>,
    /// The fixtures of its tests that tests of other files may share, as
    /// [`DiscoveredFile`](crate::discovery::DiscoveredFile) has them.
    pub(crate) shared_fixtures: Vec<SharedFixture>,
    /// The number of the files that one worker is to have, where it belongs to such: those whose tests
    /// have marks `xdist_group` in common.
    pub(crate) together: Option<u32>,
    /// The engine that is to run it.
    pub engine: Engine,
    /// Why it needs pytest; empty when it may run natively.
    pub reasons: Vec<String>,
    /// The node ids to run; none for all of them.
    pub ids: Option<Vec<String>>,
    /// The tests that discovery is certain of, when it is certain of all of them.
    pub expected: Option<Vec<NodeId>>,
    /// Whether it is no test module: only its doctests are collected.
    pub is_doctest: bool,
    /// Whether it is a file that only a hook of a conftest may collect; one in which nothing is
    /// collected counts as not there.
    pub is_candidate: bool,
    /// How many tests it is thought to hold.
    pub tests: usize,
    /// Node ids of its classes, if the file could not be collected the last time.
    pub(crate) classes: Vec<String>,
    /// Which of its tests run with this entry of the plan; none for all.
    pub part: Option<Part>,
    /// Files of a lower rank start before those of a higher one.
    pub rank: u32,
    /// How many seconds its tests should take, by what earlier runs saw; none where none is known.
    pub seconds: Option<f64>,
}
