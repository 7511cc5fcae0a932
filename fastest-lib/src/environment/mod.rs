//! What Python finds outside of the workspace: its standard library and what is installed.

mod distributions;
mod installed;
mod stdlib;

pub(crate) use distributions::distributions;
pub(crate) use installed::Installed;
pub(crate) use stdlib::{is_outside, is_stdlib};
