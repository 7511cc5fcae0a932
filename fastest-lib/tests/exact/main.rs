//! `Session::resolve_open` held against pytest itself: small projects in which statics leave
//! something open, each compared with `pytest --collect-only -q`.

mod cache;
mod case;
mod files;
mod robustness;
mod session;
mod tests_of_a_file;
