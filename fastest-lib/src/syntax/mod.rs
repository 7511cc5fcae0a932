//! The second stage: from bytes to the facts of a Python file.
//!
//! [`parse`] reads one file's bytes and gives its [`FileFacts`]: what the module binds and in which
//! order, its functions, classes and decorators with their arguments, and its imports. Nothing is
//! imported and nothing is resolved here; a file that is not valid Python gives its
//! [`Problem`](crate::Problem)s and whatever could still be read. [`Sources`] reads files from disk, or
//! takes their facts from a cache when they did not change.
//!
//! Two parsers give the same facts. The scanner walks the bytes once and is fast; tree-sitter makes a
//! whole tree, goes on after errors, and is what the scanner is held against. [`ParserKind`] chooses.

mod cache;
mod decode;
mod expression;
mod facts;
mod literal;
mod parse;
mod parser;
mod references;
mod scanner;
mod sources;
mod statements;
mod survey;
mod words;

pub use cache::{CacheCounts, CacheStats, Cleared, RootdirStats, cache_stats, clear_facts};
pub use facts::{
    Argument, Binding, BindingKind, Call, Class, Decorator, Effect, EffectKind, Expr, FileFacts,
    Function, Import, ImportedName, Outcome, Parameter, ParameterKind,
};
pub use parse::{parse, parse_with};
pub use parser::ParserKind;
pub use references::{
    ImportContext, ImportStatement, Loaded, Place, References, Site, SiteKind, StringReference,
    Whereabouts, references,
};
pub use sources::Sources;

pub(crate) use cache::{Identity, files, map, remove_owned, settled, tidy};
