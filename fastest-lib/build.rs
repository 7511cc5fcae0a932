//! Gives the caches of facts, of graphs and of results versions that change with everything that makes
//! them: whoever edits a parser or a rule cannot forget to raise a number.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let facts = version(&["src/syntax"])?;
    println!("cargo::rustc-env=FASTEST_FACTS={facts:016x}");
    let graph = version(&["src/syntax", "src/environment", "src/graph"])?;
    println!("cargo::rustc-env=FASTEST_GRAPH={graph:016x}");
    let source = version(&["src"])?;
    println!("cargo::rustc-env=FASTEST_SOURCE={source:016x}");
    Ok(())
}

/// Changes with every file in these folders.
fn version(folders: &[&str]) -> io::Result<u64> {
    let mut files = vec![PathBuf::from("src/problem.rs")];
    for folder in folders {
        list(Path::new(folder), &mut files)?;
        // New files show by their folders.
        println!("cargo::rerun-if-changed={folder}");
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
        println!("cargo::rerun-if-changed={}", file.display());
    }
    Ok(hasher.finish())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
