use std::collections::BTreeMap;

use serde::Serialize;

use super::expression::{Expression, Verdict};
use super::matching;
use super::nearest::nearest;
use super::part::Part;
use super::rerun::Rerun;
use super::shard::Shard;
use crate::discovery::{DiscoveredFile, Discovery, OpenReason, Test};
use crate::{Error, ErrorKind, NodeId, Result};

/// What is asked for of the discovered tests. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// The text of `-k`.
    pub keyword: Option<String>,
    /// The text of `-m`.
    pub markexpr: Option<String>,
    /// For files of which only a part is wanted: the node ids as lists of names after the path, in
    /// the order in which they were asked for.
    pub ids: BTreeMap<String, Vec<Vec<String>>>,
    /// Beginnings of node ids that are not wanted, as `--deselect` takes them.
    pub deselect: Vec<String>,
    /// What the outcomes of earlier runs change; [`Session::select`](crate::Session::select) heeds
    /// it, `select` does not, as it knows of no runs.
    pub rerun: Rerun,
    /// The part of the files that is wanted; [`Session::select`](crate::Session::select) heeds it.
    pub shard: Option<Shard>,
}

impl Filters {
    /// Whether they, or node ids among the arguments that led to `discovery`, may leave out any of
    /// its tests.
    pub fn restrict(&self, discovery: &Discovery) -> bool {
        let is_set = |text: &Option<String>| text.is_some();
        is_set(&self.keyword)
            || is_set(&self.markexpr)
            || !self.ids.is_empty()
            || !self.deselect.is_empty()
            || discovery.files.iter().any(|file| !file.names.is_empty())
    }

    /// The same filters, and the node ids among the arguments that led to `discovery`.
    pub(crate) fn with_arguments_of(&self, discovery: &Discovery) -> Self {
        let mut filters = self.clone();
        for file in discovery.files.iter().filter(|file| !file.names.is_empty()) {
            filters
                .ids
                .entry(file.path.clone())
                .or_insert_with(|| file.names.clone());
        }
        filters
    }
}

/// Why a test is selected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
#[non_exhaustive]
pub enum Reason {
    /// Nothing restricts the selection.
    All,
    /// It, or something around it, was asked for by its node id.
    NodeId,
    /// It matches `-k`.
    Keyword,
    /// It matches `-m`.
    Mark,
    /// Whether it is wanted shows only when Python runs, for this reason.
    Open(OpenReason),
}

/// A test that is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SelectedTest {
    /// Its node id; for an open test without the parameter part.
    pub id: NodeId,
    /// Why it is selected.
    pub reason: Reason,
}

/// A file of which tests are to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SelectedFile {
    /// The file part of its node ids.
    pub path: String,
    /// Its selected tests, in the order in which they run.
    pub tests: Vec<SelectedTest>,
    /// Whether every test of the file is wanted, those that only Python knows included.
    pub whole: bool,
    /// How many of its known tests `-k`, `-m` or `--deselect` left out.
    pub deselected: usize,
    /// Whether the filters are to be applied once more when the tests are known for certain.
    pub maybe: bool,
    /// Which of the tests that the filters leave run now; none for all.
    pub part: Option<Part>,
    /// Files of a lower rank start before those of a higher one.
    pub rank: u32,
    /// Its place in the discovery.
    #[serde(skip)]
    pub(crate) index: usize,
}

impl SelectedFile {
    /// A file of which all tests are selected.
    #[cfg(test)]
    pub(super) fn of_tests(index: usize, path: &str, tests: Vec<SelectedTest>) -> Self {
        Self {
            path: path.to_owned(),
            tests,
            whole: true,
            deselected: 0,
            maybe: false,
            part: None,
            rank: 0,
            index,
        }
    }
}

/// The tests that are to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Selection {
    /// The files with selected tests, in pytest's order. A file of which some tests run earlier than
    /// others is there once for each part.
    pub files: Vec<SelectedFile>,
    /// How many known tests were left out, those of files that are not in `files` included.
    pub deselected: usize,
    /// What was asked for; workers ask it again of what only they can collect.
    #[serde(skip)]
    pub(crate) filters: Filters,
    /// What `--last-failed` or `--failed-first` found, in pytest's words.
    pub rerun: Option<String>,
    /// Whether the order of the files is asked for, so that it is not to be changed lightly.
    pub ordered: bool,
    /// By the places of files in the discovery, how many of their tests filters left out.
    #[serde(skip)]
    pub(crate) left_out: BTreeMap<usize, usize>,
}

impl Selection {
    /// The selected tests, file by file.
    pub fn tests(&self) -> impl Iterator<Item = &SelectedTest> {
        self.files.iter().flat_map(|file| &file.tests)
    }
}

/// Selects the tests that `filters` ask for.
///
/// # Errors
///
/// Of kind [`ErrorKind::Usage`], with pytest's words: an expression that cannot be read, or a node
/// id that no test of its file can have.
pub fn select(discovery: &Discovery, filters: &Filters) -> Result<Selection> {
    let selector = Selector::new(filters)?;
    let mut selection = Selection {
        filters: filters.clone(),
        ..Selection::default()
    };
    for (index, file) in discovery.files.iter().enumerate() {
        let wanted = filters.ids.get(&file.path);
        let mut selected = selector.file(file, wanted.map(Vec::as_slice))?;
        selected.index = index;
        selection.deselected += selected.deselected;
        selection.left_out.insert(index, selected.deselected);
        if selected.whole || selected.maybe || !selected.tests.is_empty() {
            selection.files.push(selected);
        }
    }
    Ok(selection)
}

struct Selector<'f> {
    keyword: Option<Expression>,
    mark: Option<Expression>,
    deselect: &'f [String],
}

impl<'f> Selector<'f> {
    fn new(filters: &'f Filters) -> Result<Self> {
        // pytest ignores an empty -k also when it is made of spaces, and an empty -m only.
        let keyword = filters.keyword.as_deref().map(str::trim_start);
        Ok(Self {
            keyword: parse(keyword, "-k")?,
            mark: parse(filters.markexpr.as_deref(), "-m")?,
            deselect: &filters.deselect,
        })
    }

    fn file(&self, file: &DiscoveredFile, wanted: Option<&[Vec<String>]>) -> Result<SelectedFile> {
        let mut selected = SelectedFile {
            path: file.path.clone(),
            tests: Vec::new(),
            whole: wanted.is_none(),
            deselected: 0,
            maybe: false,
            part: None,
            rank: 0,
            index: 0,
        };
        let candidates = match wanted {
            None => file.tests.iter().map(|test| (test, Named::Yes)).collect(),
            Some(wanted) => named(file, wanted)?,
        };
        let filtered = self.keyword.is_some() || self.mark.is_some() || !self.deselect.is_empty();
        for (test, named) in candidates {
            let verdict = self.verdict(file, test)?;
            if verdict == Verdict::No {
                selected.deselected += 1;
                selected.whole = false;
                continue;
            }
            let maybe = verdict == Verdict::Maybe || named == Named::Maybe;
            selected.whole &= !maybe;
            selected.maybe |= maybe;
            selected.tests.push(SelectedTest {
                id: test.id.clone(),
                reason: self.reason(file, test, maybe, wanted.is_some()),
            });
        }
        if !file.open.is_empty() && (filtered || wanted.is_some()) {
            // Tests that are not listed may be there, and need the filters.
            selected.whole = false;
            selected.maybe = true;
        }
        if filtered && file.open.is_empty() && file.tests.is_empty() {
            selected.whole = false;
        }
        Ok(selected)
    }

    fn verdict(&self, file: &DiscoveredFile, test: &Test) -> Result<Verdict> {
        let mut verdict = self.deselected(test);
        if let Some(expression) = &self.keyword {
            verdict = both(verdict, matching::keyword(expression, &file.path, test)?);
        }
        if let Some(expression) = &self.mark {
            verdict = both(verdict, matching::mark(expression, test)?);
        }
        // Hooks and computed marks of an open file can turn any verdict of an expression.
        let expressions = self.keyword.is_some() || self.mark.is_some();
        if expressions && !file.open.is_empty() && self.deselected(test) != Verdict::No {
            verdict = Verdict::Maybe;
        }
        Ok(verdict)
    }

    fn deselected(&self, test: &Test) -> Verdict {
        let id = test.id.as_str();
        let mut verdict = Verdict::Yes;
        for prefix in self.deselect {
            if id.starts_with(prefix.as_str()) {
                return Verdict::No;
            }
            // The prefix reaches into parameters that are not known.
            if test.open.is_some() && prefix.starts_with(id) {
                verdict = Verdict::Maybe;
            }
        }
        verdict
    }

    fn reason(&self, file: &DiscoveredFile, test: &Test, maybe: bool, by_id: bool) -> Reason {
        let open = test.open.as_ref().or_else(|| file.open.first());
        match open {
            Some(reason) if maybe => Reason::Open(reason.clone()),
            _ if self.keyword.is_some() => Reason::Keyword,
            _ if self.mark.is_some() => Reason::Mark,
            _ if by_id => Reason::NodeId,
            _ => Reason::All,
        }
    }
}

fn parse(text: Option<&str>, option: &str) -> Result<Option<Expression>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    Expression::parse(text).map(Some).map_err(|error| {
        let message = format!("Wrong expression passed to '{option}': {text}: {error}");
        Error::new(ErrorKind::Usage, message)
    })
}

fn both(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::No, _) | (_, Verdict::No) => Verdict::No,
        (Verdict::Yes, Verdict::Yes) => Verdict::Yes,
        _ => Verdict::Maybe,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    No,
    /// An open function whose parameters may include the named one.
    Maybe,
}

/// The tests that the lists of names ask for, in that order, each once.
fn named<'d>(file: &'d DiscoveredFile, wanted: &[Vec<String>]) -> Result<Vec<(&'d Test, Named)>> {
    let mut found: Vec<(&Test, Named)> = Vec::new();
    for names in wanted {
        let mut any = false;
        for test in &file.tests {
            let named = is_named(test, names);
            if named == Named::No {
                continue;
            }
            any = true;
            match found.iter_mut().find(|(known, _)| known.id == test.id) {
                Some((_, known)) if named == Named::Yes => *known = Named::Yes,
                Some(_) => {}
                None => found.push((test, named)),
            }
        }
        if !any && file.open.is_empty() {
            return Err(not_found(file, names));
        }
    }
    Ok(found)
}

fn is_named(test: &Test, names: &[String]) -> Named {
    let Some((last, outer)) = names.split_last() else {
        return Named::Yes;
    };
    let is_same = |(name, class): (&String, &String)| name == class;
    if names.len() <= test.classes.len() {
        // It names a class around the test.
        return match names.iter().zip(&*test.classes).all(is_same) {
            true => Named::Yes,
            false => Named::No,
        };
    }
    if outer.len() != test.classes.len() || !outer.iter().zip(&*test.classes).all(is_same) {
        return Named::No;
    }
    let (function, parameters) = match last.find('[') {
        Some(at) => (&last[..at], Some(&last[at..])),
        None => (last.as_str(), None),
    };
    if &*test.function != function {
        return Named::No;
    }
    match (parameters, &test.parameters) {
        (None, _) => Named::Yes,
        (Some(_), _) if test.open.is_some() => Named::Maybe,
        (Some(wanted), Some(given)) if *wanted == format!("[{given}]") => Named::Yes,
        _ => Named::No,
    }
}

fn not_found(file: &DiscoveredFile, names: &[String]) -> Error {
    let path = &file.path;
    let wanted = names.join("::");
    let module = path.rsplit('/').next().unwrap_or(path);
    let message = format!("not found: {path}::{wanted}\n(no match in any of [<Module {module}>])");
    let error = Error::new(ErrorKind::Usage, message);
    let mut candidates: Vec<String> = Vec::new();
    for test in &file.tests {
        let mut names = test.classes.to_vec();
        names.push((*test.function).to_owned());
        candidates.push(names.join("::"));
        candidates.extend(
            test.parameters
                .as_ref()
                .map(|p| format!("{}[{p}]", names.join("::"))),
        );
        candidates.extend((1..names.len()).map(|depth| names[..depth].join("::")));
    }
    let near = nearest(&wanted, candidates.iter().map(String::as_str));
    match near.as_slice() {
        [] => error,
        near => {
            let near: Vec<String> = near.iter().map(|name| format!("{path}::{name}")).collect();
            error.with_help(format!("did you mean {}?", near.join(" or ")))
        }
    }
}
