use std::ops::Range;

use globset::GlobBuilder;

use super::SyntaxError;
use super::parse::Parser;

/// A build file: its text, and what stands in it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BuildFile {
    /// The text as it was read.
    pub text: String,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// A statement at the top level.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Statement {
    /// Where it stands, without what surrounds it.
    pub at: Range<usize>,
    /// The whole-line comments directly above it.
    pub above: Vec<String>,
    /// The comment behind it, on its last line.
    pub behind: Option<String>,
    /// What it is.
    pub kind: StatementKind,
}

/// What a statement is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StatementKind {
    /// It loads names from another file.
    Load(Load),
    /// It calls a function.
    Call(Call),
    /// Anything else, with what is indented below it.
    Other,
}

/// A statement that loads names from another file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Load {
    /// The label of the file, as it is written.
    pub label: String,
    /// The names, as they are called here and there.
    pub names: Vec<(String, String)>,
}

/// A call at the top level.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Call {
    /// What is called.
    pub function: String,
    /// With what.
    pub arguments: Vec<Argument>,
    /// The comments behind the last argument.
    pub tail: Vec<String>,
}

/// An argument of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Argument {
    /// Its name; none for one by position.
    pub name: Option<String>,
    /// Its value.
    pub value: Value,
    /// Where it stands, its name included.
    pub at: Range<usize>,
    /// The whole-line comments above it.
    pub above: Vec<String>,
    /// The comment behind it.
    pub behind: Option<String>,
    /// All strings in it, wherever they stand.
    pub strings: Vec<String>,
}

/// The value of an argument.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// A string.
    Text(String),
    /// A list; of what, its items tell.
    List {
        /// The items.
        items: Vec<Item>,
        /// The comments behind the last of them.
        tail: Vec<String>,
        /// Where it stands.
        at: Range<usize>,
    },
    /// Values that are added.
    Sum(Vec<Value>),
    /// Files by patterns.
    Glob(Glob),
    /// Anything else.
    Other,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// The string, where it is one.
    pub value: Option<String>,
    /// As it is written.
    pub text: String,
    /// The whole-line comments above it.
    pub above: Vec<String>,
    /// The comment behind it.
    pub behind: Option<String>,
}

/// A call of `glob` with literal patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Glob {
    /// Patterns of the files that it gives.
    pub include: Vec<String>,
    /// Patterns of those that it leaves out.
    pub exclude: Vec<String>,
}

impl BuildFile {
    /// Reads a build file.
    ///
    /// # Errors
    ///
    /// Where it is no Starlark, as far as that is looked at.
    pub fn parse(text: impl Into<String>) -> Result<Self, SyntaxError> {
        let text = text.into();
        let statements = Parser::new(&text)?.statements()?;
        Ok(Self { text, statements })
    }

    /// The calls, each with the number of its statement.
    pub fn calls(&self) -> impl Iterator<Item = (usize, &Call)> {
        let statements = self.statements.iter().enumerate();
        statements.filter_map(|(at, statement)| match &statement.kind {
            StatementKind::Call(call) => Some((at, call)),
            _ => None,
        })
    }

    /// The loads, each with the number of its statement.
    pub fn loads(&self) -> impl Iterator<Item = (usize, &Load)> {
        let statements = self.statements.iter().enumerate();
        statements.filter_map(|(at, statement)| match &statement.kind {
            StatementKind::Load(load) => Some((at, load)),
            _ => None,
        })
    }

    /// What a name that is called stands for: the file that it is loaded from, and its name there.
    pub fn origin(&self, name: &str) -> Option<(&str, &str)> {
        self.loads().find_map(|(_, load)| {
            let (_, there) = load.names.iter().find(|(here, _)| here == name)?;
            Some((load.label.as_str(), there.as_str()))
        })
    }
}

impl Call {
    /// The argument of that name.
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        let mut arguments = self.arguments.iter();
        arguments.find(|argument| argument.name.as_deref() == Some(name))
    }

    /// The string that an argument is.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.argument(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The strings in the lists that an argument is made of.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let argument = self.argument(name);
        argument.map_or_else(Vec::new, |argument| argument.value.texts())
    }

    /// What it is called by others.
    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }
}

impl Value {
    /// The strings in the lists that it is made of.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::List { items, .. } => {
                let values = items.iter().map(|item| item.value.as_deref());
                values.flatten().collect()
            }
            Self::Sum(values) => values.iter().flat_map(Self::texts).collect(),
            Self::Glob(_) | Self::Other => Vec::new(),
        }
    }

    /// The patterns that it is made of.
    pub fn globs(&self) -> Vec<&Glob> {
        match self {
            Self::Glob(glob) => vec![glob],
            Self::Sum(values) => values.iter().flat_map(Self::globs).collect(),
            _ => Vec::new(),
        }
    }

    /// The first list in it.
    pub(crate) fn list(&self) -> Option<(&[Item], &[String], &Range<usize>)> {
        match self {
            Self::List { items, tail, at } => Some((items, tail, at)),
            Self::Sum(values) => values.iter().find_map(Self::list),
            _ => None,
        }
    }
}

impl Glob {
    /// Whether a file is one of those that it gives; the path is relative to the package.
    pub fn matches(&self, path: &str) -> bool {
        let any = |patterns: &[String]| {
            patterns.iter().any(|pattern| {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                glob.is_ok_and(|glob| glob.compile_matcher().is_match(path))
            })
        };
        any(&self.include) && !any(&self.exclude)
    }
}

/// Whether comments say that something is to stay as it is.
pub(crate) fn says_keep<'c>(comments: impl IntoIterator<Item = &'c String>) -> bool {
    comments.into_iter().any(|comment| {
        let words = comment.trim_start_matches('#').trim_start();
        let rest = words.strip_prefix("keep");
        rest.is_some_and(|rest| {
            !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric())
                && !rest.starts_with(" sorted")
        })
    })
}

impl Item {
    /// Whether it is to stay, whatever the graph says.
    pub fn is_kept(&self) -> bool {
        says_keep(self.above.iter().chain(&self.behind))
    }
}

impl Argument {
    /// Whether it is to stay as it is.
    pub fn is_kept(&self) -> bool {
        says_keep(self.above.iter().chain(&self.behind))
    }
}

impl Statement {
    /// Whether it is to stay as it is.
    pub fn is_kept(&self) -> bool {
        says_keep(self.above.iter().chain(&self.behind))
    }
}
