//! What a Python file refers to, found in one walk over its bytes.
//!
//! The walk stops only at the bytes that structure a file: line ends, quotes, brackets, commas. What
//! stands before a bracket or a string is looked back at when it matters. The few statements that need
//! all their tokens (they mention `__file__`, `sys.path`, …) are found beforehand by searching the file
//! for those words, and are read a second time by [`tokens`].

mod blocks;
mod calls;
mod facts;
mod imports;
mod intern;
mod kept;
mod literals;
mod places;
mod scan;
mod sites;
mod statements;
mod tokens;
mod values;

pub use facts::{
    ImportContext, ImportStatement, Loaded, Place, References, Site, SiteKind, StringReference,
    Whereabouts,
};
pub use scan::references;
