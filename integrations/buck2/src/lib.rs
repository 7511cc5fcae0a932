//! Buck2, as far as Fastest writes its build files and answers with its labels.
//!
//! [`system`] finds the cell around a project; [`fastest_targets`] does the rest. [`Line`] is a line of
//! what Buck2's change detector prints.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

mod config;
mod line;

use std::path::Path;

use fastest_targets::{Kind, System, root_with};

pub use line::{Line, Reason};

/// Buck2 in the cell around a folder; the folder itself is the root where nothing says which one is.
pub fn system(rootdir: &Path) -> System {
    let root = root_with(rootdir, &[".buckconfig"]).unwrap_or_else(|| rootdir.to_path_buf());
    let text = std::fs::read_to_string(root.join(".buckconfig")).unwrap_or_default();
    let config = config::parse(&text);
    let mut system = System::new(Kind::Buck2, root);
    let list = |section: &str, key: &str| -> Vec<String> {
        let value = config::get(&config, section, key).unwrap_or_default();
        let words = value.split(',').map(str::trim);
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let (names, names_v2) = (list("buildfile", "name"), list("buildfile", "name_v2"));
    // `name` also stands for the file of that name with `.v2` behind it, which comes first.
    let with_v2 = names
        .iter()
        .flat_map(|name| [format!("{name}.v2"), name.clone()]);
    let names = match names_v2.as_slice() {
        [] => with_v2.collect(),
        _ => names_v2,
    };
    if let Some(last) = names.last() {
        system.new_file.clone_from(last);
        system.file_names = names;
    }
    let ignored = list("project", "ignore").into_iter();
    system
        .ignored
        .extend(ignored.filter_map(|folder| within(&folder)));
    let cells = ["cells", "repositories"].map(|section| config::section(&config, section));
    for (name, path) in cells.into_iter().flatten() {
        match within(path).as_deref() {
            Some("") => system.cell = name.to_owned(),
            // What lies in another cell has other labels.
            Some(inside) => system.ignored.push(inside.to_owned()),
            None => {}
        }
    }
    system
}

/// A path as it is from the root of the cell, where it does not lead out of that.
fn within(path: &str) -> Option<String> {
    let parts = path.trim().split('/');
    let parts: Vec<&str> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_cell_is_as_its_configuration_says() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let check = |text: &str, cell: &str, names: &[&str], ignored: &[&str]| {
            fs::write(root.join(".buckconfig"), text).unwrap();
            let found = system(root);
            assert_eq!(found.cell, cell, "{text}");
            assert_eq!(found.file_names, names, "{text}");
            assert_eq!(found.ignored, ignored, "{text}");
            assert_eq!(found.new_file, *names.last().unwrap(), "{text}");
        };
        check("", "root", &["BUCK.v2", "BUCK"], &[]);
        check(
            "# none\n[cells]\n  main = .\n  prelude = prelude\n  up = ../up\n  deep = ./.cells/deep/\n\
             [project]\nignore = .git, out/\n",
            "main",
            &["BUCK.v2", "BUCK"],
            &[".git", "out", "prelude", ".cells/deep"],
        );
        check(
            "[buildfile]\nname = TARGETS\nname_v2 = DEFS, RULES\n",
            "root",
            &["DEFS", "RULES"],
            &[],
        );
        check(
            "[buildfile]\nname = TARGETS\n",
            "root",
            &["TARGETS.v2", "TARGETS"],
            &[],
        );
    }
}
