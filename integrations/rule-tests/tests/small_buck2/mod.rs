//! What Buck2 does with the rules' actions and tests, as far as their caching goes: it runs an action
//! when its key is new, unless all that differs are sources that the last run's dep file does not name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fastest_rule_tests::{System, World};
use serde_json::Value as Json;

/// A project, with everything that was built in it.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    rules: PathBuf,
    programs: PathBuf,
    /// The last run of each action.
    last: BTreeMap<String, Last>,
    /// The outputs of every run whose action may be uploaded, by key.
    shared: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    targets: Json,
}

struct Last {
    key: Key,
    /// The sources that the dep file names.
    loaded: BTreeSet<String>,
}

/// What an action's outcome depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    command: String,
    /// Files that every run depends on, with digests of their contents.
    untagged: BTreeMap<String, u64>,
    /// Files that a dep file may rule out.
    tagged: BTreeMap<String, u64>,
}

impl Key {
    fn text(&self) -> String {
        format!("{self:?}")
    }

    /// Whether `now` differs in nothing that was loaded.
    fn is_covered(&self, now: &Self, loaded: &BTreeSet<String>) -> bool {
        let of = |key: &Self| -> Vec<(String, u64)> {
            let tagged = key.tagged.clone().into_iter();
            tagged.filter(|(path, _)| loaded.contains(path)).collect()
        };
        self.command == now.command && self.untagged == now.untagged && of(self) == of(now)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if !path.is_dir() {
            fs::copy(&path, to.join(name)).unwrap();
        } else if !["__pycache__", ".pytest_cache", "buck-out"].contains(&&*name.to_string_lossy())
        {
            copy(&path, &to.join(name));
        }
    }
}

impl Project {
    /// A copy of the example, whose tests run with `python`.
    pub(crate) fn new(repository: &Path, programs: &Path, python: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&repository.join("examples/buck2"), folder.path());
        let project = Self {
            folder,
            rules: repository.join("integrations/buck2/rules"),
            programs: programs.to_owned(),
            last: BTreeMap::new(),
            shared: BTreeMap::new(),
            targets: Json::Null,
        };
        let named = format!("\"{}\"", python.display());
        project.edit("toolchains/BUCK", "\"python3\"", &named);
        project
    }

    /// Replaces a piece of a file, or makes a new one of nothing.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.folder.path().join(path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(from), "{}: {text}", path.display());
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    /// What a new daemon on another machine has: nothing but the shared cache.
    pub(crate) fn clean(&mut self) {
        self.last.clear();
        fs::remove_dir_all(self.folder.path().join("buck-out")).unwrap();
    }

    fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What tells a file's content from others; of programs their size and their end, where the prepared
    /// runner has what is not of every other one.
    fn digest(&self, path: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        let content = self.read(path);
        let end = &content[content.len().saturating_sub(1 << 18)..];
        (content.len(), end).hash(&mut hasher);
        hasher.finish()
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Builds everything; gives the tests' actions that were run, and those that came from the cache.
    pub(crate) fn build(&mut self) -> (Vec<String>, Vec<String>) {
        let world = World::new(System::Buck2, self.folder.path())
            .with_cell("toolchains", self.folder.path().join("toolchains"))
            .with_cell("fastest", &self.rules);
        self.targets = world.analyse().unwrap_or_else(|error| panic!("{error:#}"));
        let (mut ran, mut hit) = (Vec::new(), Vec::new());
        let targets = self.targets.as_object().unwrap().clone();
        // The toolchain's first: every other one needs its runner.
        let is_tool = |label: &str| label.starts_with("toolchains");
        let (tools, others): (Vec<_>, Vec<_>) =
            targets.iter().partition(|(label, _)| is_tool(label));
        for (label, target) in tools.into_iter().chain(others) {
            for action in target["actions"].as_array().unwrap() {
                if action["kind"] == "write_json" {
                    let path = action["output"].as_str().unwrap();
                    self.write(path, action["content"].to_string().as_bytes());
                    continue;
                }
                let counted = match self.run(action) {
                    Ran::Anew => &mut ran,
                    Ran::FromCache => &mut hit,
                    Ran::NotAtAll => continue,
                };
                if !is_tool(label) {
                    counted.push(label.rsplit(':').next().unwrap().to_owned());
                }
            }
        }
        (ran, hit)
    }

    fn run(&mut self, action: &Json) -> Ran {
        let words = |list: &Json| -> Vec<String> {
            let list = list.as_array().unwrap().iter();
            list.map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        let contents = |paths: Vec<String>| -> BTreeMap<String, u64> {
            let paths = paths.into_iter();
            paths
                .map(|path| (path.clone(), self.digest(&path)))
                .collect()
        };
        let tag = &action["dep_files"]["sources"];
        let key = Key {
            command: format!("{} {}", action["argv"], action["env"]),
            untagged: contents(words(&action["untagged"])),
            tagged: tag["inputs"]
                .as_array()
                .map_or_else(BTreeMap::new, |_| contents(words(&tag["inputs"]))),
        };
        let outputs = words(&action["outputs"]);
        let identity = outputs[0].clone();
        if let Some(last) = self.last.get(&identity)
            && (last.key == key || last.key.is_covered(&key, &last.loaded))
        {
            return Ran::NotAtAll;
        }
        let ran = if let Some(kept) = self.shared.get(&key.text()) {
            for (path, content) in kept.clone() {
                self.write(&path, &content);
                if path.ends_with(".runner") {
                    let path = self.folder.path().join(path);
                    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
                }
            }
            Ran::FromCache
        } else {
            self.execute(&words(&action["argv"]), &action["env"], &outputs);
            Ran::Anew
        };
        let dep_file = tag["dep_file"]
            .as_str()
            .map(|path| self.read(path))
            .unwrap_or_default();
        let loaded = String::from_utf8(dep_file).unwrap();
        let loaded = loaded.lines().map(ToOwned::to_owned).collect();
        if action["allow_cache_upload"] == true {
            let content = outputs.iter().map(|path| (path.clone(), self.read(path)));
            self.shared.insert(key.text(), content.collect());
        }
        self.last.insert(identity, Last { key, loaded });
        ran
    }

    fn command(&self, argv: &[String], env: &Json) -> Command {
        let program = Path::new(&argv[0]);
        let program = if argv[0].contains('/') {
            self.folder.path().join(program)
        } else {
            self.programs.join(program)
        };
        let mut command = Command::new(program);
        command.args(&argv[1..]).current_dir(self.folder.path());
        for (name, value) in env.as_object().into_iter().flatten() {
            command.env(name, value.as_str().unwrap());
        }
        command
    }

    fn execute(&self, argv: &[String], env: &Json, outputs: &[String]) {
        for output in outputs {
            let folder = self.folder.path().join(output);
            fs::create_dir_all(folder.parent().unwrap()).unwrap();
        }
        let output = self.command(argv, env).output().unwrap();
        assert!(
            output.status.success(),
            "{argv:?}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Runs a target's test, or that of its sub-target; to be built before.
    pub(crate) fn test(&self, label: &str, sub_target: Option<&str>) -> Output {
        let target = &self.targets[label];
        let target = match sub_target {
            Some(name) => &target["sub_targets"][name],
            None => target,
        };
        let words = target["test"]["command"].as_array().unwrap().iter();
        let words: Vec<String> = words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect();
        self.command(&words, &target["test"]["env"])
            .output()
            .unwrap()
    }
}

enum Ran {
    Anew,
    FromCache,
    NotAtAll,
}
