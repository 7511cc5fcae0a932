//! Rebuilds the crate when the embedded Python files change.

fn main() {
    println!("cargo::rerun-if-changed=harness/fastest_harness");
}
