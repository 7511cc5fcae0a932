use serde::{Deserialize, Serialize};

use crate::Problem;

/// What one Python file refers to besides itself: modules, files and folders, and the places where
/// it loads something that its source does not name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct References {
    /// Every import statement, at any depth, in source order.
    pub imports: Vec<ImportStatement>,
    /// The strings that may name a module, a file or a folder; each value once a place.
    pub strings: Vec<StringReference>,
    /// Where something is loaded, listed or started.
    pub sites: Vec<Site>,
    /// What is wrong with the file, as far as a reader of references notices.
    pub problems: Vec<Problem>,
}

/// One import statement; `import a, b` is two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportStatement {
    /// The line of the statement, counted from 1.
    pub line: u32,
    /// The leading dots of a relative import.
    pub level: u32,
    /// The module, without those dots; empty in `from . import name`.
    pub module: String,
    /// The names that `from module import …` takes, `*` for all; empty for `import module`.
    pub names: Vec<String>,
    /// When it runs.
    pub context: ImportContext,
}

/// When an import statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ImportContext {
    /// With the module.
    Module,
    /// With the module, if a condition holds: under `if`, `try`, `for`, `while` or `match`.
    Conditional,
    /// When a function is called.
    Function,
    /// Never: under `if TYPE_CHECKING:`.
    TypeChecking,
}

/// A string that may name a module, a file or a folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StringReference {
    /// The line on which the literal begins, counted from 1.
    pub line: u32,
    /// The text, its escapes resolved; a leading `/` after something computed is left out.
    pub value: String,
    /// Whether the text goes on with something that is computed.
    pub is_prefix: bool,
    /// Where it stands.
    pub place: Place,
}

/// Where a string stands; the first of these that holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Place {
    /// Beside the operator `/`, which joins paths.
    Path,
    /// Joined with the literal before or after it to a path, which is a string of its own.
    Joined,
    /// After the string `-m`, in the same brackets.
    Module,
    /// What an import statement takes that stands in a text of the file.
    Code,
    /// What an example in a docstring imports.
    Doctest,
    /// Within the argument of a call; displays between them do not count.
    Argument {
        /// What is called, as written: `importlib.import_module`; a literal is `''`.
        callee: String,
        /// How many commas stand before it.
        position: u32,
        /// The keyword that it is passed by.
        keyword: Option<String>,
    },
    /// Within the value that a statement assigns (or adds) to this name.
    Assigned(String),
    /// Elsewhere.
    Other,
}

/// A place where a module, file or folder is loaded, listed or started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Site {
    /// The line, counted from 1.
    pub line: u32,
    /// What happens there.
    pub kind: SiteKind,
}

/// What happens at a [`Site`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SiteKind {
    /// A module is loaded by a name that is no literal.
    Load(Loaded),
    /// The modules of a package are listed; the first argument as written, where it is a dotted
    /// name.
    Walk(Option<String>),
    /// A file is run or loaded as a module by a path that is no literal.
    Run,
    /// Another program is started.
    Spawn,
    /// A folder is listed; the words of the statement that may say which, from its beginning to the end
    /// of the call.
    List(Vec<String>),
    /// A statement mentions `__file__`, or the parent of a name that was given it.
    Here(Whereabouts),
    /// A resource of a package is read; the first argument as written, where it is a dotted name.
    Resource(Option<String>),
    /// Entry points are looked up; the group, where it is a literal.
    EntryPoints(Option<String>),
    /// The metadata of an installed distribution is read.
    Metadata,
    /// The package's `__path__` is changed.
    ExtendPath,
    /// `sys.path` is changed.
    SearchPath(Whereabouts),
    /// The module has a `__getattr__`.
    LazyModule,
}

/// What the name of a module is made of that is no literal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Loaded {
    /// A name, dotted or not, as written.
    Name(String),
    /// It begins with this text.
    Prefix(String),
    /// Something else, or the loader is mentioned without being called.
    Other,
}

/// A path that a statement makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Whereabouts {
    /// How many folders above `__file__` it begins; none where the statement does not mention it.
    pub up: Option<u32>,
    /// The string literals of the statement, in order.
    pub parts: Vec<String>,
    /// Whose `__file__` it is, as written; none for the file's own.
    pub module: Option<String>,
    /// The name that the statement assigns; the last part of a dotted one.
    pub name: Option<String>,
}
