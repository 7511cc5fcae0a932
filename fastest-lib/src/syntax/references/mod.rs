//! What a Python file refers to, found in one walk over its bytes.

mod facts;
mod scan;

pub use facts::{
    ImportContext, ImportStatement, Loaded, Place, References, Site, SiteKind, StringReference,
    Whereabouts,
};
pub use scan::references;
