use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::{NodeId, Problem};

/// One test, or one function whose parameters only Python can expand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Test {
    /// pytest's node id; without the parameter part when the test is open.
    pub id: NodeId,
    /// The line of the `def`, counted from 1.
    pub line: u32,
    /// The column of the `def`, counted from 1, in bytes.
    pub column: u32,
    /// The classes around it, outermost first.
    pub classes: Arc<[String]>,
    /// The name of the function.
    pub function: Arc<str>,
    /// The parameter id, the text between the brackets.
    pub parameters: Option<String>,
    /// The arguments and fixtures that have parameters, in the order in which these form the id.
    pub parametrized: Arc<[String]>,
    /// Names of the marks on the function, its classes and its module, nearest first.
    pub markers: Arc<[String]>,
    /// Fixtures that the function asks for by argument or `usefixtures`.
    pub fixtures: Arc<[String]>,
    /// Why the id cannot be completed without running Python; the test then stands for any number.
    pub open: Option<OpenReason>,
    /// What `-m` sees of the marks, in the order of `markers`.
    #[serde(skip)]
    pub(crate) marks: Arc<[TestMark]>,
    /// Further names that `-k` matches: attributes put on the function.
    #[serde(skip)]
    pub(crate) keywords: Arc<[String]>,
}

impl Test {
    /// The doctests of a text file.
    pub(super) fn of_text(id: NodeId, name: &str) -> Self {
        Self {
            id,
            line: 1,
            column: 1,
            classes: Arc::new([]),
            function: name.into(),
            parameters: None,
            parametrized: Arc::new([]),
            markers: Arc::new([]),
            fixtures: Arc::new([]),
            open: None,
            marks: Arc::new([]),
            keywords: Arc::new([]),
        }
    }
}

/// A mark, as far as the choice of tests and the order of files see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestMark {
    pub(crate) name: String,
    /// Its first positional argument, where it has one.
    pub(crate) first: Option<MarkValue>,
    pub(crate) keywords: Vec<(String, MarkValue)>,
    /// Whether it may have keyword arguments that are not listed.
    pub(crate) is_open: bool,
}

/// The value of a mark's argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MarkValue {
    None,
    /// An integer; Python's booleans are some.
    Int(i128),
    Str(String),
    /// Something that equals none of these.
    Other,
    Unknown,
}

/// Why something about a test or a file cannot be known without running Python.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OpenReason {
    /// The line that makes it so, counted from 1; 0 when it lies in another file.
    pub line: u32,
    /// What makes it so, in a few words.
    pub message: String,
}

impl OpenReason {
    pub(crate) fn new(line: u32, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

/// The tests of one file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DiscoveredFile {
    /// The file part of the node ids.
    pub path: String,
    /// The tests, in pytest's order.
    pub tests: Vec<Test>,
    /// What may add, drop or reorder tests of this file beyond the listed ones.
    pub open: Vec<OpenReason>,
    /// Constructs, found in the source of the file and its conftests, that the native engine does
    /// not run; empty when it may try.
    pub needs_pytest: Vec<OpenReason>,
    /// What pytest's plugins have a say in: hooks of conftests and fixtures that are not in the
    /// sources. The native engine runs such tests where it has the plugins.
    pub asks_plugins: Vec<OpenReason>,
    /// The file, absolute.
    #[serde(skip)]
    pub(crate) abspath: PathBuf,
    /// The conftests that apply to it, absolute, outermost first.
    #[serde(skip)]
    pub(crate) conftests: Vec<PathBuf>,
    /// The fixtures of session and package scope that its tests use, pytest's own aside; sorted.
    #[serde(skip)]
    pub(crate) shared_fixtures: Vec<SharedFixture>,
    /// The node ids that were asked for below it, as lists of names; empty when the whole file was.
    #[serde(skip)]
    pub(crate) names: Vec<Vec<String>>,
    /// Whether it is no test module: only its doctests are collected.
    #[serde(skip)]
    pub(crate) is_doctest: bool,
    /// Whether only a hook of a conftest may collect it; where none does it counts as not there.
    #[serde(skip)]
    pub(crate) is_candidate: bool,
}

/// A fixture that tests of several files may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SharedFixture {
    /// A number of the file that defines it.
    pub(crate) file: u32,
    pub(crate) line: u32,
    /// Whether it is torn down when a test outside of its package is next.
    pub(crate) is_of_package: bool,
}

/// What the messages of reasons hold that leave tests out or order them, and add none.
const ADDS_NONE: &[&str] = &[
    "the import may fail",
    "the module may raise",
    "may skip or fail the module",
    "`pytest_collection_modifyitems`",
];

impl DiscoveredFile {
    /// Whether there may be tests that are not listed, and not only fewer.
    pub fn may_have_more(&self) -> bool {
        let adds_none = |reason: &OpenReason| {
            let mut texts = ADDS_NONE.iter();
            texts.any(|text| reason.message.contains(text))
        };
        !self.open.iter().all(adds_none)
    }
}

/// What discovery gives.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Discovery {
    /// The files that hold tests, in pytest's order.
    pub files: Vec<DiscoveredFile>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
    /// Positions in `files` and their `tests` in the order of the session, where that is not the
    /// order of the files: a session-scoped parameter draws its tests together.
    #[serde(skip)]
    pub(crate) session_order: Option<Vec<(usize, usize)>>,
    /// Folders that could not be read, and why: as for pytest, an error of the run.
    #[serde(skip)]
    pub(crate) unreadable: Vec<(String, String)>,
    /// Every `conftest.py` that pytest would load, absolute, sorted; also where no test file is
    /// below it.
    #[serde(skip)]
    pub(crate) conftests: Vec<PathBuf>,
    /// Whether a test file or a conftest imports pytest.
    #[serde(skip)]
    pub(crate) imports_pytest: bool,
}

impl Discovery {
    /// Leaves out the tests for which `keep` is false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Test) -> bool) {
        let flags: Vec<Vec<bool>> = self
            .files
            .iter_mut()
            .map(|file| {
                let flags: Vec<bool> = file.tests.iter().map(&mut keep).collect();
                let mut at = flags.iter();
                file.tests.retain(|_| at.next().copied().unwrap_or(true));
                flags
            })
            .collect();
        if let Some(order) = &mut self.session_order {
            let is_kept = |file: usize, test: usize| {
                let flags = flags.get(file);
                flags.and_then(|flags| flags.get(test)).copied() == Some(true)
            };
            order.retain(|(file, test)| is_kept(*file, *test));
            for (file, test) in order {
                let before = flags.get(*file).map_or(&[][..], |flags| &flags[..*test]);
                *test = before.iter().filter(|kept| **kept).count();
            }
        }
    }

    /// The tests with their files, in the order in which pytest lists them for the whole session.
    pub fn tests(&self) -> impl Iterator<Item = (&DiscoveredFile, &Test)> {
        let in_files = self
            .files
            .iter()
            .enumerate()
            .flat_map(|(at, file)| (0..file.tests.len()).map(move |test| (at, test)));
        let order: Box<dyn Iterator<Item = (usize, usize)>> = match &self.session_order {
            Some(order) => Box::new(order.iter().copied()),
            None => Box::new(in_files),
        };
        order.filter_map(|(file, test)| {
            let file = self.files.get(file)?;
            Some((file, file.tests.get(test)?))
        })
    }
}
