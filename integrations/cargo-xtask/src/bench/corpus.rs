//! The generated corpus: the same files on every machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::conformance::empty;

/// Files in the corpus.
const FILES: usize = 500;
/// Files that share a folder and its conftest.
const FILES_PER_FOLDER: usize = 25;

const INI: &str = "[pytest]\ntestpaths = tests\n";

const ROOT_CONFTEST: &str = r#"import pytest


@pytest.fixture(scope="session")
def settings():
    yield {"currency": "EUR", "limit": 1000}


@pytest.fixture
def account(settings):
    return {"limit": settings["limit"], "entries": []}
"#;

const FOLDER_CONFTEST: &str = r#"import pytest


@pytest.fixture(scope="module")
def ledger(settings):
    entries = [settings["currency"]]
    yield entries
    entries.clear()
"#;

/// A file of 20 tests; `{n}` is its number, `{odd}` is one more test, of a kind that varies by file.
const TEST_FILE: &str = r#"import pytest

OFFSET = {n}


@pytest.fixture
def numbers():
    values = [OFFSET + step for step in range(5)]
    yield values
    values.clear()


def test_addition():
    assert OFFSET + 1 > OFFSET


def test_text():
    text = "fastest"
    assert text.upper().lower() == text


def test_sorting():
    assert sorted([3, OFFSET + 4, 1]) == [1, 3, OFFSET + 4]


def test_raises():
    with pytest.raises(ZeroDivisionError):
        OFFSET / 0


{odd}


class TestShapes:
    side = 3

    def test_square(self):
        assert self.side**2 == 9

    def test_cube(self):
        assert self.side**3 == 27

    def test_perimeter(self, numbers):
        assert 4 * self.side < 13 + len(numbers)

    def test_limit(self, account):
        assert self.side < account["limit"]


@pytest.mark.parametrize(("value", "double"), [(1, 2), (2, 4), (3, 6), (OFFSET, 2 * OFFSET)])
def test_double(value, double):
    assert value * 2 == double


@pytest.mark.parametrize("word", ["alpha", "beta", "gamma"])
def test_word(word):
    assert word.isalpha()


def test_numbers(numbers):
    assert numbers == list(range(OFFSET, OFFSET + 5))


def test_ledger(ledger):
    assert ledger == ["EUR"]


def test_account(account, ledger):
    account["entries"].append(len(ledger))
    assert account["entries"] == [1]


def test_settings(settings):
    assert settings["limit"] == 1000
"#;

const PLAIN: &str = "def test_odd():\n    assert OFFSET >= 0";
const SKIPPED: &str = "@pytest.mark.skip(reason=\"not today\")\ndef test_odd():\n    assert False";
const EXPECTED: &str =
    "@pytest.mark.xfail(reason=\"known\")\ndef test_odd():\n    assert OFFSET < 0";
const FAILING: &str = "def test_odd():\n    assert OFFSET < 0";

/// Write the corpus below `dir` and give its root.
pub(crate) fn write(dir: &Path) -> Result<PathBuf> {
    write_with(dir.join("many"), FAILING)
}

/// As [`write()`] does, with no test that fails.
pub(crate) fn write_passing(dir: &Path) -> Result<PathBuf> {
    write_with(dir.join("passing"), PLAIN)
}

fn write_with(root: PathBuf, failing: &str) -> Result<PathBuf> {
    empty(&root)?;
    save(&root.join("pytest.ini"), INI)?;
    save(&root.join("tests/conftest.py"), ROOT_CONFTEST)?;
    for n in 0..FILES {
        let folder = root.join(format!("tests/part_{:02}", n / FILES_PER_FOLDER));
        if n % FILES_PER_FOLDER == 0 {
            save(&folder.join("conftest.py"), FOLDER_CONFTEST)?;
        }
        save(
            &folder.join(format!("test_unit_{n:03}.py")),
            &test_file(n, failing),
        )?;
    }
    Ok(root)
}

/// Write a project of one file with one test and give its root.
pub(crate) fn write_trivial(dir: &Path) -> Result<PathBuf> {
    let root = dir.join("one");
    empty(&root)?;
    save(&root.join("pytest.ini"), INI)?;
    save(
        &root.join("tests/test_one.py"),
        "def test_one():\n    assert 1 + 1 == 2\n",
    )?;
    Ok(root)
}

/// Files of [`write_plain`].
pub(crate) const PLAIN_FILES: usize = 10;

/// The program that calls all of them, in their folder.
pub(crate) const BARE_LOOP: &str = "
import glob, importlib, os, sys
sys.path.insert(0, os.getcwd())
for path in sorted(glob.glob('test_*.py')):
    module = importlib.import_module(path[:-3])
    for name, value in list(vars(module).items()):
        if name.startswith('test_'):
            value()
";

/// Write [`PLAIN_FILES`] files of `tests` trivial tests each and give their root.
pub(crate) fn write_plain(dir: &Path, tests: usize) -> Result<PathBuf> {
    let root = dir.join(format!("plain-{tests}"));
    empty(&root)?;
    save(&root.join("pytest.ini"), "[pytest]\n")?;
    let text: String = (0..tests)
        .map(|n| format!("def test_{n}():\n    assert {n} + 1 > {n}\n\n\n"))
        .collect();
    for n in 0..PLAIN_FILES {
        save(&root.join(format!("test_plain_{n}.py")), &text)?;
    }
    Ok(root)
}

/// One file in ten has a skipped test, one in ten an expected failure, one in a hundred `failing`.
fn test_file(n: usize, failing: &str) -> String {
    let odd = match n {
        n if n % 10 == 3 => SKIPPED,
        n if n % 10 == 7 => EXPECTED,
        n if n % 100 == 50 => failing,
        _ => PLAIN,
    };
    TEST_FILE
        .replace("{n}", &n.to_string())
        .replace("{odd}", odd)
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
    fn every_file_has_the_promised_number_of_tests() {
        for n in 0..FILES {
            let file = test_file(n, FAILING);
            let functions = file.matches("def test_").count();
            // The two parametrized functions stand for four and three tests.
            assert_eq!(functions - 2 + 7, 20, "file {n}");
            assert!(!file.contains("{odd}") && !file.contains("{n}"));
        }
    }
}
