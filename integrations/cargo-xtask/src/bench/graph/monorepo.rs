//! The generated monorepo: packages that import each other, the same files on every machine.
//!
//! A smaller one is the beginning of a larger one. pytest can run it as it is: what is imported in
//! a circle is imported in a function.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::answers::Edges;
use crate::conformance::empty;
use crate::report::{Printer, count};

/// Python files of one package: conftests at two levels, test modules, the `__init__` of the
/// package and of its subpackages, modules.
const FILES: usize = 100;
const TEST_MODULES: usize = 20;
const TESTS: usize = 50;
const SUBPACKAGES: [&str; 4] = ["core", "api", "model", "util"];
const MODULES: usize = FILES - 2 - TEST_MODULES - 1 - SUBPACKAGES.len();
/// Packages that may import each other in circles.
const GROUP: usize = 10;

/// To be changed with what is generated.
const VERSION: &str = "1";

const ROOT_CONFTEST: &str = r#"import pytest


@pytest.fixture(scope="session")
def settings():
    return {"limit": 1000}
"#;

/// One file, and the files that it imports.
struct File {
    path: String,
    text: String,
    imports: Vec<String>,
}

/// A module: the number of its package and its own in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Module {
    package: usize,
    n: usize,
}

impl Module {
    fn sub(self) -> &'static str {
        SUBPACKAGES[self.n % SUBPACKAGES.len()]
    }

    fn package(self) -> String {
        format!("p{:04}.{}", self.package, self.sub())
    }

    fn path(self) -> String {
        let p = self.package;
        format!(
            "packages/p{p:04}/src/p{p:04}/{}/m{:02}.py",
            self.sub(),
            self.n
        )
    }

    /// An import of it, in a style that `choice` gives; by a module of its own package, or another's.
    fn import(self, by: Option<Module>, choice: usize) -> String {
        let (package, n) = (self.package(), self.n);
        let by = by.filter(|by| by.package == self.package);
        let relative = by.map(|by| match by.sub() == self.sub() {
            true => ".".to_owned(),
            false => format!("..{}", self.sub()),
        });
        let dot = |from: &str| if from.ends_with('.') { "" } else { "." };
        match (choice % 5, relative) {
            (0, _) => format!("import {package}.m{n:02}"),
            (1, _) => format!("from {package} import m{n:02}"),
            (2, Some(from)) => format!("from {from} import m{n:02}"),
            (3, Some(from)) => format!("from {from}{}m{n:02} import f{n:02}", dot(&from)),
            _ => format!("from {package}.m{n:02} import f{n:02}"),
        }
    }
}

/// Small numbers often, large ones seldom: splitmix64 and a power.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn power_law(&mut self, n: usize, power: i32) -> usize {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (n as f64 * unit.powi(power)) as usize
    }
}

/// Write `files` Python files below `dir`, if they are not there, and give the root.
pub(super) fn write(dir: &Path, files: usize, printer: Printer) -> Result<PathBuf> {
    let packages = packages(files)?;
    let root = dir.join(format!("monorepo-{files}"));
    let record = dir.join(format!("monorepo-{files}.txt"));
    if fs::read_to_string(&record).is_ok_and(|version| version == VERSION) {
        return Ok(root);
    }
    printer.line(format!("writing {} …", count(files, "file")));
    empty(&root)?;
    let mut ini = String::from("[pytest]\ntestpaths = packages\npythonpath =\n");
    for package in 0..packages {
        let _ = writeln!(ini, "    packages/p{package:04}/src");
        for file in self::package(package) {
            save(&root.join(file.path), &file.text)?;
        }
        let project = format!("[project]\nname = \"p{package:04}\"\nversion = \"1\"\n");
        save(
            &root.join(format!("packages/p{package:04}/pyproject.toml")),
            &project,
        )?;
    }
    save(&root.join("pytest.ini"), &ini)?;
    save(&root.join("conftest.py"), ROOT_CONFTEST)?;
    fs::write(&record, VERSION)?;
    Ok(root)
}

/// The imports that were written.
pub(super) fn edges(files: usize) -> Result<Edges> {
    let mut edges = Edges::default();
    for package in 0..packages(files)? {
        for file in self::package(package) {
            for imported in file.imports {
                edges.insert(file.path.clone(), imported);
            }
        }
    }
    Ok(edges)
}

fn packages(files: usize) -> Result<usize> {
    let step = FILES * GROUP;
    ensure!(
        files > 0 && files.is_multiple_of(step),
        "{files} is no multiple of {step}"
    );
    Ok(files / FILES)
}

fn package(package: usize) -> Vec<File> {
    let mut random = Random(package as u64);
    let mut files = Vec::new();
    let source = format!("packages/p{package:04}/src/p{package:04}");
    let first = Module { package, n: 0 };
    files.push(File {
        path: format!("{source}/__init__.py"),
        text: format!(
            "\"\"\"Package {package}.\"\"\"\n\n{}\n",
            first.import(None, 4)
        ),
        imports: vec![first.path()],
    });
    for sub in SUBPACKAGES {
        files.push(File {
            path: format!("{source}/{sub}/__init__.py"),
            text: format!("\"\"\"The {sub} of package {package}.\"\"\"\n"),
            imports: Vec::new(),
        });
    }
    files.extend((0..MODULES).map(|n| module(Module { package, n }, &mut random)));
    for (folder, fixture) in [("tests", "base"), ("tests/unit", "unit")] {
        let used = Module {
            package,
            n: random.power_law(MODULES, 2),
        };
        files.push(File {
            path: format!("packages/p{package:04}/{folder}/conftest.py"),
            text: format!(
                "import pytest\n\n{}\n\n\n@pytest.fixture(scope=\"module\")\ndef {fixture}(settings):\n    \
                 return f{:02}(settings[\"limit\"])\n",
                used.import(None, 4),
                used.n
            ),
            imports: vec![used.path()],
        });
    }
    files.extend((0..TEST_MODULES).map(|n| test_module(package, n, &mut random)));
    files
}

/// Modules import earlier ones, of their package and of other packages.
fn module(module: Module, random: &mut Random) -> File {
    let Module { package, n } = module;
    let (mut top, mut typing, mut lazy) = (Vec::new(), Vec::new(), Vec::new());
    let mut imported = Vec::new();
    for _ in 0..1 + random.power_law(12, 2) {
        let target = match random.below(10) {
            0..=2 if package > 0 => Module {
                package: random.power_law(package, 3),
                n: random.power_law(MODULES, 2),
            },
            _ if n > 0 => Module {
                package,
                n: random.power_law(n, 2),
            },
            _ => continue,
        };
        if imported.contains(&target) {
            continue;
        }
        imported.push(target);
        let import = target.import(Some(module), random.below(5));
        match random.below(20) {
            0 => typing.push(import),
            1 => lazy.push(import),
            _ => top.push(import),
        }
    }
    if random.below(30) == 0 {
        // A later one, perhaps of a later package: this makes circles.
        let target = Module {
            package: package / GROUP * GROUP + random.below(GROUP),
            n: random.below(MODULES),
        };
        if target != module && !imported.contains(&target) {
            imported.push(target);
            lazy.push(target.import(Some(module), random.below(5)));
        }
    }
    let mut text = format!("\"\"\"Module {n} of package {package}.\"\"\"\n\n");
    text.push_str("from __future__ import annotations\n\nimport os\n");
    text.push_str("from typing import TYPE_CHECKING\n\n");
    for import in top {
        let _ = writeln!(text, "{import}");
    }
    if !typing.is_empty() {
        let _ = writeln!(text, "\nif TYPE_CHECKING:\n    {}", typing.join("\n    "));
    }
    let _ = writeln!(text, "\nNAME = os.path.join(\"p{package}\", \"m{n}\")\n\n");
    let _ = writeln!(text, "def f{n:02}(value):");
    for import in lazy {
        let _ = writeln!(text, "    {import}");
    }
    let _ = writeln!(text, "    return value + {n}");
    for step in 0..4 + random.below(8) {
        let _ = write!(
            text,
            "\n\nclass Shape{step}:\n    \"\"\"A shape with {step} sides.\"\"\"\n\n    \
             def __init__(self, side: int = {step}) -> None:\n        self.side = side\n\n    \
             def scaled(self, factor: int) -> Shape{step}:\n        if factor < 0:\n            \
             raise ValueError(f\"{{factor}} is negative\")\n        \
             return Shape{step}(self.side * factor)\n"
        );
    }
    File {
        path: module.path(),
        text,
        imports: imported.into_iter().map(Module::path).collect(),
    }
}

fn test_module(package: usize, n: usize, random: &mut Random) -> File {
    let mut used = Vec::new();
    for choice in 0..4 {
        let module = Module {
            package: match choice {
                0 if package > 0 => random.power_law(package, 3),
                _ => package,
            },
            n: random.power_law(MODULES, 1),
        };
        if !used.contains(&module) {
            used.push(module);
        }
    }
    let imports: Vec<String> = used
        .iter()
        .map(|module| module.import(None, random.below(5)))
        .collect();
    let mut text = format!("{}\n", imports.join("\n"));
    for test in 0..TESTS {
        let _ = write!(
            text,
            "\n\ndef test_{test:02}(base, unit):\n    assert base + unit > {test}\n"
        );
    }
    File {
        path: format!("packages/p{package:04}/tests/unit/test_p{package:04}_{n:02}.py"),
        text,
        imports: used.into_iter().map(Module::path).collect(),
    }
}

fn save(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_the_promised_numbers_of_files_and_tests() {
        for number in [0, 1, 249] {
            let files = package(number);
            assert_eq!(files.len(), FILES);
            let tests = files
                .iter()
                .map(|file| file.text.matches("def test_").count());
            assert_eq!(tests.sum::<usize>(), TEST_MODULES * TESTS);
        }
    }

    #[test]
    fn everything_that_is_imported_exists_and_some_of_it_in_circles() {
        let files = GROUP * FILES;
        let edges = edges(files).unwrap();
        let all: Vec<File> = (0..GROUP).flat_map(package).collect();
        let paths: std::collections::BTreeSet<&str> =
            all.iter().map(|file| file.path.as_str()).collect();
        let imported = || all.iter().flat_map(|file| &file.imports);
        assert!(imported().all(|path| paths.contains(path.as_str())));
        assert_eq!(imported().count(), edges.len());
        let back = all.iter().filter(|file| {
            let dependents = edges.dependents(&file.path);
            file.imports
                .iter()
                .any(|path| dependents.contains(path.as_str()))
        });
        assert!(back.count() > GROUP);
    }

    #[test]
    fn the_styles_of_imports() {
        let of = |package, n| Module { package, n };
        let check = |by, choice, expected| {
            assert_eq!(of(1, 4).import(by, choice), expected, "{choice}");
        };
        check(None, 0, "import p0001.core.m04");
        check(None, 1, "from p0001.core import m04");
        check(Some(of(1, 8)), 2, "from . import m04");
        check(Some(of(1, 5)), 2, "from ..core import m04");
        check(Some(of(1, 8)), 3, "from .m04 import f04");
        check(Some(of(1, 5)), 3, "from ..core.m04 import f04");
        check(Some(of(2, 5)), 3, "from p0001.core.m04 import f04");
    }
}
