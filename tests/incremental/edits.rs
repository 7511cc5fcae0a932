//! Random edits: what an incremental run says is what a run of everything says.

use std::collections::BTreeMap;
use std::fs;

use super::Kept;
use crate::support::Finished;

/// How many edits of each sequence are tried; `FASTEST_EDITS` sets another number.
const EDITS: usize = 30;

/// A sequence of numbers that a seed repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }
}

const MODULES: &[&str] = &["a", "b", "c", "d"];
const TESTS: &[&str] = &[
    "t/test_0.py",
    "t/test_1.py",
    "t/test_2.py",
    "u/test_3.py",
    "u/test_4.py",
    "test_5.py",
    "t/sub/test_6.py",
];

/// Tests that depend on something else each; `X` is a module of `lib`.
const TEMPLATES: &[&str] = &[
    "from lib.X import VALUE\ndef test_value(): assert VALUE % 4\n",
    "import lib.X as module\ndef test_base(base): assert (module.VALUE + base) % 3\n",
    "from pathlib import Path\ndef test_data():\n    text = (ROOT / 'data/one.txt').read_text()\n    assert int(text) % 3\n",
    "import os\ndef test_mode(): assert os.environ.get('MODE') != 'bad'\n",
    "import importlib\ndef test_dynamic(): assert importlib.import_module('lib.X').VALUE % 4\n",
    "import pytest\nfrom lib.X import VALUE\n@pytest.mark.parametrize('n', range(VALUE % 3 + 1))\ndef test_many(n): assert n < 2\n",
    "def test_listed():\n    names = sorted(path.name for path in (ROOT / 'data').iterdir())\n    assert len(names) % 3\n",
    "try:\n    import extra\nexcept ImportError:\n    extra = None\ndef test_extra(): assert extra is None or extra.VALUE % 2\n",
    "import pytest\npytest.importorskip('optional')\ndef test_optional(): pass\ndef test_other(): assert 1\n",
    "import colorsys\ndef test_shadow(): assert hasattr(colorsys, 'rgb_to_hsv')\n",
    "def test_flag(): assert not (ROOT / 'flag.txt').exists()\n",
    "import pytest\n@pytest.mark.xfail\ndef test_xpasses(): pass\n@pytest.mark.slow\ndef test_slow(): pass\n",
    "import json, warnings\ndef test_warns(tmp_path):\n    warnings.warn('hm')\n    (tmp_path / 'a').write_text(json.dumps(1))\n",
    "from data import one\ndef test_package(): assert one\n",
    "import pkgutil, lib\ndef test_walk(): assert len(list(pkgutil.iter_modules(lib.__path__))) % 4\n",
    "def test_undeclared():\n    name = 'fl' + 'ag.txt'\n    try:\n        open(ROOT / name).close()\n    except OSError:\n        pass\n",
];

const INI: &[&str] = &[
    "[pytest]\npythonpath = .\nmarkers = slow\n",
    "[pytest]\npythonpath = .\nmarkers = slow\nxfail_strict = true\n",
    "[pytest]\npythonpath = . t\nmarkers = slow\n",
    "[pytest]\npythonpath = .\nmarkers = slow\naddopts = -m 'not slow'\n",
];

/// The project as it should be on disk, and how it is run.
#[derive(Clone)]
struct State {
    files: BTreeMap<String, String>,
    mode: &'static str,
    filter: &'static str,
}

fn module(random: &mut Random) -> String {
    let value = random.below(12);
    match random.below(5) {
        0 => format!(
            "from lib.{} import VALUE as OTHER\nVALUE = {value} + OTHER\n",
            random.of(MODULES)
        ),
        1 => format!(
            "VALUE = {value}\ndef load():\n    import lib.{}\n",
            random.of(MODULES)
        ),
        2 => format!("from lib import {0}\nVALUE = {value}\n", random.of(MODULES)),
        _ => format!("VALUE = {value}\n"),
    }
}

fn test(path: &str, random: &mut Random) -> String {
    let root = match path.matches('/').count() {
        0 => ".parent",
        1 => ".parent.parent",
        _ => ".parent.parent.parent",
    };
    let template = random.of(TEMPLATES).replace('X', random.of(MODULES));
    if template.contains("ROOT") {
        let expression = format!("Path(__file__){root}");
        return format!(
            "from pathlib import Path\n{}",
            template.replace("ROOT", &expression)
        );
    }
    template
}

impl State {
    fn new(random: &mut Random) -> Self {
        let mut files = BTreeMap::new();
        let mut add = |path: &str, text: String| {
            files.insert(path.to_owned(), text);
        };
        add("pytest.ini", INI[0].to_owned());
        add(
            "pyproject.toml",
            "[tool.fastest.hermetic]\npass-environment = [\"MODE\"]\n".to_owned(),
        );
        add("lib/__init__.py", String::new());
        for name in MODULES {
            add(
                &format!("lib/{name}.py"),
                format!("VALUE = {}\n", random.below(12)),
            );
        }
        add("data/one.txt", "1".to_owned());
        add(
            "conftest.py",
            "import pytest\n@pytest.fixture\ndef base(): return 1\n".to_owned(),
        );
        for path in TESTS {
            add(path, test(path, random));
        }
        Self {
            files,
            mode: "good",
            filter: "",
        }
    }

    /// Changes something, and says what.
    fn edit(&mut self, random: &mut Random) -> String {
        let name = random.of(MODULES);
        let number = random.below(9).to_string();
        let value = format!("VALUE = {number}\n");
        match random.below(16) {
            0..3 => self.put(&format!("lib/{name}.py"), module(random)),
            3 => self.toggle(&format!("lib/{name}.py"), value),
            4 => self.toggle(&format!("lib/{name}/__init__.py"), value),
            5 => self.put("data/one.txt", number),
            6 => {
                let path = random.of(&[
                    "data/two.txt",
                    "data/one.py",
                    "data/__init__.py",
                    "data/sub/x.txt",
                ]);
                self.toggle(path, number)
            }
            7 => {
                let path = random.of(&[
                    "conftest.py",
                    "t/conftest.py",
                    "u/conftest.py",
                    "t/sub/conftest.py",
                ]);
                let text = format!("import pytest\n@pytest.fixture\ndef base(): return {number}\n");
                match random.below(2) {
                    0 => self.put(path, text),
                    _ => self.toggle(path, text),
                }
            }
            8 => {
                let path = random.of(&[
                    "extra.py",
                    "t/extra.py",
                    "optional.py",
                    "u/optional/__init__.py",
                    "lib/extra.py",
                ]);
                self.toggle(path, value)
            }
            9 => {
                let path = random.of(&[
                    "colorsys.py",
                    "t/colorsys.py",
                    "json/__init__.py",
                    "u/warnings.py",
                ]);
                self.toggle(path, "from_here = 1\n".to_owned())
            }
            10 => self.toggle(random.of(&["flag.txt", "t/flag.txt"]), String::new()),
            11..13 => {
                let path = random.of(TESTS);
                let text = test(path, random);
                match random.below(3) {
                    0 => self.toggle(path, text),
                    _ => self.put(path, text),
                }
            }
            13 => {
                let to = random.of(&[
                    "t/__init__.py",
                    "u/__init__.py",
                    "__init__.py",
                    "t/sub/__init__.py",
                    "unrelated.md",
                ]);
                self.toggle(to, String::new())
            }
            14 => self.put("pytest.ini", random.of(INI).to_owned()),
            _ => {
                self.mode = random.of(&["good", "bad", "other"]);
                self.filter = random.of(&["", "", "value or data", "not flag"]);
                format!("MODE={}, -k '{}'", self.mode, self.filter)
            }
        }
    }

    fn put(&mut self, path: &str, text: String) -> String {
        let said = format!("{path} := {text:?}");
        self.files.insert(path.to_owned(), text);
        said
    }

    fn toggle(&mut self, path: &str, text: String) -> String {
        if self.files.remove(path).is_some() {
            return format!("{path} is gone");
        }
        self.put(path, text)
    }

    /// Writes what differs from what `before` has on disk.
    fn write(&self, kept: &Kept, before: &Self) {
        let root = kept.project.root();
        for path in before
            .files
            .keys()
            .filter(|path| !self.files.contains_key(*path))
        {
            fs::remove_file(root.join(path)).unwrap();
            // Empty folders go as well; others stay.
            for folder in root.join(path).ancestors().skip(1) {
                if folder == root || fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        for (path, text) in &self.files {
            if before.files.get(path) != Some(text) {
                kept.project.write(path, text);
            }
        }
    }
}

/// What a run says of each test and collector.
fn verdicts(finished: &Finished) -> BTreeMap<String, String> {
    let events = finished.events();
    let told = events.iter().filter(|event| event["outcome"].is_string());
    told.map(|event| {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        (text("id"), text("outcome"))
    })
    .collect()
}

fn check(seed: u64) {
    let count = std::env::var("FASTEST_EDITS").ok();
    let count = count.map_or(EDITS, |count| count.parse().unwrap());
    let mut random = Random(seed);
    let mut state = State::new(&mut random);
    let kept = Kept::new(&[]);
    let empty = State {
        files: BTreeMap::new(),
        ..state.clone()
    };
    state.write(&kept, &empty);
    let mut earlier = vec![state.clone()];
    let mut log = vec!["begin".to_owned()];
    let (mut ran, mut unchanged) = (0, 0);
    for _ in 0..count {
        let variables = [("MODE", state.mode)];
        let filter = match state.filter {
            "" => Vec::new(),
            filter => vec!["-k", filter],
        };
        let incremental = kept.run_with(&filter, &variables);
        let mut full = kept.plain(&[&["--hermetic"], &filter[..]].concat());
        full.command
            .env("FASTEST_CACHE_DIR", kept.cache.path().join("full"));
        full.command.envs(variables);
        let full = full.finish_clean();
        let told = format!("seed {seed}: {log:#?}\n{incremental:?}\n{full:?}");
        assert_eq!(verdicts(&incremental), verdicts(&full), "{told}");
        assert_eq!(incremental.code, full.code, "{told}");
        let (again, left_out) = super::files(&incremental);
        ran += again.len();
        unchanged += left_out.len();
        let before = state.clone();
        if random.below(6) == 0 {
            state = earlier[random.below(earlier.len())].clone();
            log.push("back to an earlier state".to_owned());
        }
        for _ in 0..=random.below(2) {
            log.push(state.edit(&mut random));
        }
        state.write(&kept, &before);
        earlier.push(state.clone());
    }
    // Both have to come about for this to say anything.
    assert!(ran > 0 && unchanged > 0, "{ran} ran, {unchanged} did not");
    println!("seed {seed}: {count} edits, {ran} files ran, {unchanged} did not");
}

#[test]
fn random_edits_of_one_project() {
    check(1);
}

#[test]
fn random_edits_of_another_project() {
    check(2);
}

#[test]
fn random_edits_of_a_third_project() {
    let seed = std::env::var("FASTEST_SEED").ok();
    check(seed.map_or(3, |seed| seed.parse().unwrap()));
}
