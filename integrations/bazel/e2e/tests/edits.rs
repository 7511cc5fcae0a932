//! Random edits of a workspace, as people make them.

use std::fs;
use std::path::{Path, PathBuf};

/// Numbers that look random and are the same each time (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }

    pub(crate) fn of<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

/// What a module may say; the names are those of the workspaces.
const LINES: &[&str] = &[
    "from core import a, c",
    "from core.b import whole",
    "import core.registry",
    "import walk",
    "from walk import two",
    "from space.deep import module",
    "from apps.shop import urls",
    "from apps.shop.settings import URLS",
    "NAMES = ['apps.shop.handlers', 'core.c:schema', 'walk.one']",
    "import importlib\nimportlib.import_module('core.c')",
    "import importlib\n\n\ndef load(name):\n    return importlib.import_module(name)",
    "from pathlib import Path\nlist(Path(__file__).parent.iterdir())",
    "from pathlib import Path\nopen(Path(__file__).parent / 'extra.json')",
    "import pkgutil, core\nlist(pkgutil.iter_modules(core.__path__))",
    "from money import convert",
    "from shop.cart import Cart",
    "import invoices.invoice",
    "import not_there_yet",
    "try:\n    import extra\nexcept ImportError:\n    extra = None",
    "pytest_plugins = ['plugins.more']",
    "def test_more():\n    pass",
    "VALUE = 3",
];

const NEW: &[&str] = &[
    "__init__.py",
    "conftest.py",
    "extra.py",
    "extra.json",
    "more.py",
    "not_there_yet.py",
    "test_extra.py",
    "test_names_more.py",
    "notes.txt",
];

/// Files and folders of a workspace, without what is not for edits.
struct Listed {
    files: Vec<String>,
    folders: Vec<String>,
}

fn list(root: &Path) -> Listed {
    let mut listed = Listed {
        files: Vec::new(),
        folders: vec![String::new()],
    };
    let mut rest = vec![String::new()];
    while let Some(folder) = rest.pop() {
        let entries = fs::read_dir(root.join(&folder)).unwrap();
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            let is_link = entry.file_type().unwrap().is_symlink();
            let is_fixed = is_link || name.starts_with('.') || name.starts_with("bazel-");
            if is_fixed || ["MODULE.bazel", "WORKSPACE", "tools"].contains(&path.as_str()) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                listed.folders.push(path.clone());
                rest.push(path);
            } else {
                listed.files.push(path);
            }
        }
    }
    listed.files.sort();
    listed.folders.sort();
    listed
}

/// Makes one edit and tells what it was.
pub(crate) fn edit(root: &Path, random: &mut Random) -> String {
    let Listed { files, folders } = list(root);
    let with = |suffix: &str| -> Vec<&String> {
        files.iter().filter(|file| file.ends_with(suffix)).collect()
    };
    let place = |path: &str| -> PathBuf { root.join(path) };
    match random.below(20) {
        0..=3 => {
            let file = random.of(&files);
            if is_build_file(file) || file.ends_with(".toml") {
                return append(&place(file), file, "# A remark.\n");
            }
            append(&place(file), file, "\n# Another line.\n")
        }
        4..=7 => {
            let file = (*random.of(&with(".py"))).clone();
            let lines: Vec<&str> = (0..=random.below(3)).map(|_| *random.of(LINES)).collect();
            append(&place(&file), &file, &format!("\n{}\n", lines.join("\n")))
        }
        8..=9 => {
            let file = (*random.of(&with(".py"))).clone();
            let text = format!("{}\n", random.of(LINES));
            fs::write(place(&file), &text).unwrap();
            format!("{file} is {text:?}")
        }
        10..=13 => {
            let (folder, name) = (random.of(&folders).clone(), *random.of(NEW));
            let path = if folder.is_empty() {
                name.to_owned()
            } else {
                format!("{folder}/{name}")
            };
            let text = match name.ends_with(".py") {
                true => format!("{}\n", random.of(LINES)),
                false => "{}\n".to_owned(),
            };
            fs::write(place(&path), &text).unwrap();
            format!("new {path}: {text:?}")
        }
        14..=16 => {
            let known: Vec<&String> = files
                .iter()
                .filter(|file| !is_build_file(file) && *file != "pyproject.toml")
                .collect();
            let file = (*random.of(&known)).clone();
            fs::remove_file(place(&file)).unwrap();
            format!("{file} is gone")
        }
        17 => {
            let modules = with(".py");
            let (from, to) = ((*random.of(&modules)).clone(), random.of(&folders).clone());
            let name = from.rsplit('/').next().unwrap();
            let to = if to.is_empty() {
                format!("moved_{name}")
            } else {
                format!("{to}/moved_{name}")
            };
            fs::rename(place(&from), place(&to)).unwrap();
            format!("{from} is now {to}")
        }
        _ => by_hand(root, &with("BUILD.bazel"), random),
    }
}

fn is_build_file(path: &str) -> bool {
    path.ends_with("BUILD.bazel")
}

fn append(path: &Path, shown: &str, text: &str) -> String {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
    format!("{shown} ends with {text:?}")
}

/// What people do to build files.
fn by_hand(root: &Path, files: &[&String], random: &mut Random) -> String {
    let file = *random.of(files);
    let path = root.join(file);
    let text = fs::read_to_string(&path).unwrap();
    let (from, to) = match random.below(6) {
        5 => {
            fs::write(&path, reversed(&text)).unwrap();
            return format!("{file}: lists are reversed");
        }
        0 => (
            "fastest_test(\n    name",
            "fastest_test(\n    size = \"small\",\n    name",
        ),
        1 => (
            "fastest_library(\n",
            "# About this one.\nfastest_library(\n",
        ),
        2 => (
            "    deps = [\n",
            "    deps = [\n        # The first of them.\n",
        ),
        3 => ("    name = \"test_", "    name = \"renamed_test_"),
        _ => ("    name = \"conftest\"", "    name = \"fixtures\""),
    };
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    format!("{file}: {from:?} is {to:?}")
}

/// A build file with the lines of each list the other way round.
fn reversed(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut list: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with("        \"") {
            list.push(line);
        } else {
            lines.extend(list.drain(..).rev());
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}
