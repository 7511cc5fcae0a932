//! Targets as they are written into build files, and found in them again.

mod errors;
mod labels;
mod links;
mod merging;
mod project;
mod random;
