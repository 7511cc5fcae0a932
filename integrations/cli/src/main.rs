//! The `fastest` command.

fn main() {}
