//! The facts of a file in one walk over its bytes, without a tree.
//!
//! [`lexer`] makes tokens of one logical line at a time, strings included ([`strings`]). [`suite`]
//! keeps the blocks that indentation opens and closes, and hands each line to [`statements`] (and
//! [`compound`] for headers), where [`grammar`] checks the order of its tokens. What a module or class
//! binds is noted by [`outline`]; [`expression`] reads the few expressions that facts hold. The bodies
//! of functions are only checked, and searched for what may stand at any depth: imports, `yield`,
//! attributes.
//!
//! What is read agrees with what tree-sitter's tree gives for the same file, and tests hold the two
//! against each other. The scanner refuses nothing that Python accepts. It does not find every error:
//! what needs more than the tokens of one line and the blocks around it, such as a `return` outside of
//! functions, passes.

mod compound;
mod expression;
mod grammar;
mod lexer;
mod outline;
mod statements;
mod strings;
mod suite;
pub(super) mod token;

pub(super) use suite::{Errors, scan};
