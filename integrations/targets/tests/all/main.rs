//! Targets as they are written into build files, and found in them again.

mod errors;
mod labels;
mod merging;
mod project;
mod random;
