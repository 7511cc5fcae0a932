use serde::{Deserialize, Serialize};

use crate::Problem;

/// What one Python file says about itself, without running it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileFacts {
    /// The digest of the file's bytes.
    pub digest: blake3::Hash,
    /// What the module's top level binds, in source order.
    pub bindings: Vec<Binding>,
    /// What the top level does besides binding names, in source order.
    pub effects: Vec<Effect>,
    /// Every import statement, at any depth, in source order.
    pub imports: Vec<Import>,
    /// What is wrong with the file.
    pub problems: Vec<Problem>,
}

/// A name bound (or changed) by a statement of a module's or class's body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Binding {
    /// The name.
    pub name: String,
    /// The line of the statement, counted from 1.
    pub line: u32,
    /// The column of the statement, counted from 1, in bytes.
    pub column: u32,
    /// Whether the statement may not run: it lies under an `if`, `try`, `for`, `while` or `match`.
    pub conditional: bool,
    /// How the name is bound.
    pub kind: BindingKind,
}

/// How a statement binds a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BindingKind {
    /// By `def`.
    Function(Function),
    /// By `class`.
    Class(Class),
    /// By an import.
    Import(ImportedName),
    /// By `from module import *`, which binds names that stand in the module; this binding's own
    /// name is `*`.
    Star(String),
    /// By an assignment of this value.
    Value(Expr),
    /// `name.attribute = value`: the name stays bound to what it was.
    Attribute(String, Expr),
    /// By `del`.
    Deleted,
    /// In a way that is not followed: a loop target, unpacking, `+=` and the like.
    Changed,
    /// Not at all, but the object that it is bound to may be changed in place: a method is called
    /// on it, or something is stored below it.
    Mutated,
}

/// A `def`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of the `def`, counted from 1.
    pub line: u32,
    /// The column of the `def`, counted from 1, in bytes.
    pub column: u32,
    /// Whether it is an `async def`.
    pub is_async: bool,
    /// Whether its own body holds a `yield`.
    pub is_generator: bool,
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// Its decorators, outermost first.
    pub decorators: Vec<Decorator>,
    /// For functions named `pytest_*` only: the attribute names that the body mentions.
    pub attributes: Vec<String>,
    /// What the function gives back, where that is kept: see [`Outcome`].
    pub outcome: Option<Box<Outcome>>,
}

/// What calling a function gives, as far as its body shows; it tells what a decorator makes of the
/// function below it.
///
/// Kept for functions bound at a module's top level (under an `if`, `try` or `with` too) that have a
/// `return` with a value and whose name does not begin with `test` or `pytest_`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The value of each `return` of the function's own body, in source order; `None` for a bare one.
    pub returns: Vec<Expr>,
    /// The functions that its own body defines, at any depth of blocks, in source order. Theirs are
    /// not kept in turn, so their `outcome` is none and their `attributes` are empty.
    pub functions: Vec<Function>,
}

/// A parameter of a `def`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How it is passed.
    pub kind: ParameterKind,
    /// Whether it has a default value.
    pub has_default: bool,
}

/// How an argument reaches a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ParameterKind {
    /// By position only: it stands before a `/`.
    Positional,
    /// By position or by name.
    Plain,
    /// By name only: it stands after a `*`.
    Keyword,
    /// `*args` or `**kwargs`.
    Variadic,
}

/// A `class`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The line of the `class`, counted from 1.
    pub line: u32,
    /// The column of the `class`, counted from 1, in bytes.
    pub column: u32,
    /// Its bases.
    pub bases: Vec<Expr>,
    /// The keywords beside the bases: `metaclass=…` and others.
    pub keywords: Vec<(String, Expr)>,
    /// Its decorators, outermost first.
    pub decorators: Vec<Decorator>,
    /// What its body binds, in source order.
    pub bindings: Vec<Binding>,
    /// What its body does besides binding names.
    pub effects: Vec<Effect>,
}

/// A decorator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decorator {
    /// Its line, counted from 1.
    pub line: u32,
    /// The expression after the `@`.
    pub expr: Expr,
}

/// An import statement's one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Import {
    /// The line, counted from 1.
    pub line: u32,
    /// The module as written, with the leading dots of a relative import.
    pub module: String,
    /// The name that `from module import name` takes; `*` for all; none for `import module`.
    pub name: Option<String>,
    /// The name after `as`.
    pub alias: Option<String>,
    /// Whether it stands inside a function, and so runs only when that is called.
    pub in_function: bool,
}

/// What a name that an import binds stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportedName {
    /// The module as written; for `import a.b` without an alias, `a`.
    pub module: String,
    /// The name taken from the module; none when the module itself is bound.
    pub name: Option<String>,
    /// Whether the bound name occurs anywhere else in the file.
    pub used: bool,
}

impl ImportedName {
    /// The name that one name of an import statement binds, and how.
    pub(super) fn bound(
        module: String,
        name: Option<String>,
        alias: Option<String>,
    ) -> (String, BindingKind) {
        let (bound, module) = match (&name, alias) {
            (Some(name), None) if name == "*" => {
                return ("*".to_owned(), BindingKind::Star(module));
            }
            (_, Some(alias)) => (alias, module),
            (Some(name), None) => (name.clone(), module),
            (None, None) => {
                let top = module.split('.').next().unwrap_or_default().to_owned();
                (top.clone(), top)
            }
        };
        let imported = Self {
            module,
            name,
            // Only the whole file can tell.
            used: false,
        };
        (bound, BindingKind::Import(imported))
    }
}

/// Something that a module's or class's body does besides binding names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effect {
    /// The line, counted from 1.
    pub line: u32,
    /// What it does.
    pub kind: EffectKind,
}

/// What a statement does besides binding names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EffectKind {
    /// It evaluates a call and drops its value.
    Call(Expr),
    /// It raises.
    Raise,
    /// It assigns to a place that is not a name, such as `globals()["name"]`.
    Store(Expr),
}

/// An expression, as far as it matters for naming tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Expr {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// `...`.
    Ellipsis,
    /// An integer that fits.
    Int(i128),
    /// A floating point number.
    Float(f64),
    /// A string without surrogates, its escapes resolved and its parts joined.
    Str(String),
    /// A bytes literal.
    Bytes(Vec<u8>),
    /// A name.
    Name(String),
    /// `object.attribute`.
    Attribute(Box<Expr>, String),
    /// `object[…]`; what is between the brackets is not kept.
    Subscript(Box<Expr>),
    /// A call.
    Call(Box<Call>),
    /// A tuple display.
    Tuple(Vec<Expr>),
    /// A list display.
    List(Vec<Expr>),
    /// A dict display: its items, in order; `**mapping` has no key, and the mapping for its value.
    Dict(Vec<(Option<Expr>, Expr)>),
    /// A set display or a comprehension: an unhashable container whose items are not kept.
    Container,
    /// A `lambda`.
    Lambda,
    /// `*value` or `**value` in a call, `*value` in a list, tuple or set display.
    Star(Box<Expr>),
    /// `operator operand`, for `-`, `+`, `~`.
    Unary(char, Box<Expr>),
    /// `left operator right`, for the arithmetic operators.
    Binary(Box<Expr>, String, Box<Expr>),
    /// Anything else.
    Unknown,
}

/// A call's parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Call {
    /// The line, counted from 1.
    pub line: u32,
    /// What is called.
    pub function: Expr,
    /// The arguments, in order.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Argument {
    /// Its name, when it is passed by name.
    pub name: Option<String>,
    /// Its value.
    pub value: Expr,
}
