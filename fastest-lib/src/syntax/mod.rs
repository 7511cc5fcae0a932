//! The second stage: from bytes to the facts of a Python file.
//!
//! [`parse`] reads one file's bytes and gives its [`FileFacts`]: what the module binds and in which
//! order, its functions, classes and decorators with their arguments, and its imports. Nothing is
//! imported and nothing is resolved here; a file that is not valid Python gives its
//! [`Problem`](crate::Problem)s and whatever could still be read. [`Sources`] reads files from disk.
//!
//! Two parsers give the same facts. The scanner walks the bytes once and is fast; tree-sitter makes a
//! whole tree, goes on after errors, and is what the scanner is held against. [`ParserKind`] chooses.

mod decode;
mod expression;
mod facts;
mod literal;
mod parse;
mod parser;
mod scanner;
mod sources;
mod statements;
mod survey;
mod words;

pub use facts::{
    Argument, Binding, BindingKind, Call, Class, Decorator, Effect, EffectKind, Expr, FileFacts,
    Function, Import, ImportedName, Outcome, Parameter, ParameterKind,
};
pub use parse::{parse, parse_with};
pub use parser::ParserKind;
pub use sources::Sources;
