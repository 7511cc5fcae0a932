//! Units that are the same have one digest, units that differ in anything have others.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::plan::{HermeticOptions, HermeticSpecs};
use crate::workspace::WorkspaceOptions;

/// Everything that a unit is made of.
#[derive(Clone, Debug)]
struct Unit {
    files: BTreeMap<String, Vec<u8>>,
    executable: bool,
    environment: BTreeMap<String, String>,
    settings: Vec<(String, String)>,
    foundation: Foundation,
    verbosity: i32,
    timeout: u64,
    engine: Engine,
}

impl Unit {
    /// Its digest in a checkout of its own.
    fn digest(&self) -> UnitDigest {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        for (path, content) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let executable = |path: &str| {
            fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o755)).unwrap();
        };
        if self.executable {
            executable("data.bin");
        }
        fs::create_dir(root.join("bin")).unwrap();
        fs::write(root.join("bin/python"), "").unwrap();
        executable("bin/python");
        let mut options = WorkspaceOptions::new(root);
        options.python = Some(root.join("bin/python"));
        options.rootdir = Some(root.to_path_buf());
        let settings = self.settings.iter();
        options.overrides = settings
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let workspace = Workspace::open(options).unwrap();
        let graph = ImportGraph::new(&workspace);
        let mut run = RunOptions {
            verbosity: self.verbosity,
            timeout: Some(Duration::from_secs(self.timeout)),
            ..RunOptions::default()
        };
        run.hermetic = Some(HermeticOptions {
            data: vec!["data.bin".to_owned()],
            environment: self.environment.clone(),
            ..HermeticOptions::default()
        });
        let contents = Contents::open(root.join("none"));
        let specs = HermeticSpecs::new(&workspace, Some(&graph), &run).unwrap();
        let foundation = self.foundation.clone();
        let digests = Digests::new(&workspace, &graph, &contents, &run, foundation);
        let brief = digests
            .of(&specs.of("test_a.py"), self.engine, false)
            .unwrap();
        let full = digests
            .of(&specs.of("test_a.py"), self.engine, true)
            .unwrap();
        assert_eq!(brief.digest, full.digest);
        full
    }
}

fn unit() -> impl Strategy<Value = Unit> {
    let text = "[a-zA-Z0-9 =:/\n]{0,12}";
    let name = "[a-z]{1,6}";
    let word = "[a-zA-Z0-9]{1,8}";
    let pairs = || prop::collection::btree_map(name, word, 1..4);
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let parts = (bytes(), text, pairs(), pairs(), pairs(), pairs());
    (parts, any::<[u8; 32]>(), -2..3i32, 1..99u64, any::<bool>()).prop_map(
        |(
            (data, module, environment, settings, interpreter, installed),
            harness,
            verbosity,
            timeout,
            native,
        )| {
            let files = [
                ("pytest.ini", "[pytest]\n".to_owned().into_bytes()),
                ("test_a.py", b"import module\n".to_vec()),
                ("module.py", format!("'''{module}'''\n").into_bytes()),
                ("data.bin", data),
            ];
            let digest = |value: String| Digest::from(*blake3::hash(value.as_bytes()).as_bytes());
            let installed = installed.into_iter();
            Unit {
                files: files
                    .map(|(path, content)| (path.to_owned(), content))
                    .into(),
                executable: native,
                environment,
                settings: settings.into_iter().collect(),
                foundation: Foundation {
                    interpreter: interpreter.into_iter().collect(),
                    importable: Importable {
                        entries: installed
                            .map(|(name, value)| (name, digest(value)))
                            .collect(),
                        ..Importable::default()
                    },
                    harness: Digest::from(harness),
                },
                verbosity,
                timeout,
                engine: if native {
                    Engine::Native
                } else {
                    Engine::Pytest
                },
            }
        },
    )
}

/// Changes one byte or one entry of a part; the name of that part.
fn change(unit: &mut Unit, which: usize, at: usize) -> &'static str {
    let flip = |bytes: &mut Vec<u8>| match bytes.len() {
        0 => bytes.push(1),
        length => bytes[at % length] ^= 1,
    };
    let grow = |pairs: &mut Vec<(String, String)>| {
        let length = pairs.len();
        pairs[at % length].1.push('x');
    };
    match which {
        0 => {
            flip(unit.files.get_mut("data.bin").unwrap());
            "inputs"
        }
        1 => {
            unit.files.get_mut("module.py").unwrap().extend(b"#");
            "inputs"
        }
        2 => {
            unit.executable = !unit.executable;
            "inputs"
        }
        3 => {
            // What is imported lies elsewhere now.
            let content = unit.files.remove("module.py").unwrap();
            unit.files.insert("module/__init__.py".to_owned(), content);
            "inputs"
        }
        4 => {
            grow(&mut unit.foundation.interpreter);
            "interpreter"
        }
        5 => {
            let entries = &mut unit.foundation.importable.entries;
            let length = entries.len();
            let mut bytes = *entries[at % length].1.as_bytes();
            bytes[at % 32] ^= 1;
            entries[at % length].1 = Digest::from(bytes);
            "distributions"
        }
        6 => {
            unit.environment.insert("ZZ".to_owned(), "1".to_owned());
            "environment"
        }
        7 => {
            unit.environment.values_mut().next().unwrap().push('x');
            "environment"
        }
        8 => {
            grow(&mut unit.settings);
            "settings"
        }
        9 => {
            let mut bytes = *unit.foundation.harness.as_bytes();
            bytes[at % 32] ^= 1;
            unit.foundation.harness = Digest::from(bytes);
            "harness"
        }
        10 => {
            unit.verbosity += 1;
            "options"
        }
        11 => {
            unit.timeout += 1;
            "options"
        }
        _ => {
            unit.engine = match unit.engine {
                Engine::Native => Engine::Pytest,
                _ => Engine::Native,
            };
            "options"
        }
    }
}

const CHANGES: usize = 13;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_digest_changes_with_each_part_and_not_with_the_folder(unit in unit(), at in 0..64usize) {
        let first = unit.digest();
        prop_assert_eq!(&unit.digest(), &first);
        for which in 0..CHANGES {
            let mut changed = unit.clone();
            let expected = change(&mut changed, which, at);
            let second = changed.digest();
            prop_assert_ne!(second.digest, first.digest, "{}", which);
            for (one, other) in first.parts.iter().zip(&second.parts) {
                prop_assert_eq!(one.name, other.name);
                let differs = one.digest != other.digest;
                prop_assert_eq!(differs, one.name == expected, "{} {}", which, one.name);
            }
        }
    }
}
