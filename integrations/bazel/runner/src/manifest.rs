//! The file in which a `fastest_test` says what it is made of.

use std::collections::BTreeMap;

use crate::Failure;

/// The version that the rules of this release write.
const VERSION: &str = "1";

/// What a target declares. Paths are those of the runfiles, relative to the folder of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The target, as `//package:name`.
    pub label: String,
    /// The file of tests.
    pub src: String,
    /// One test of it, by its node id in the file.
    pub test: Option<String>,
    /// The file of recorded durations.
    pub durations: Option<String>,
    /// The interpreter, when it is among the runfiles.
    pub interpreter: Option<String>,
    /// The interpreter of the machine: a path, or a name on the `PATH`.
    pub python: String,
    /// Whether the tests may connect to other machines.
    pub host_network: bool,
    /// Variables of the tests' environment.
    pub env: BTreeMap<String, String>,
    /// Folders on `sys.path`, relative to the root of the runfiles.
    pub imports: Vec<String>,
    /// Distributions that have to be installed.
    pub distributions: Vec<String>,
    /// Every declared file.
    pub inputs: Vec<Input>,
}

/// A declared file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it is among the runfiles.
    pub path: String,
    /// Where it is for actions, relative to the execution root.
    pub exec_path: String,
    /// What declares or makes it.
    pub label: String,
}

impl Manifest {
    /// Reads the text of a manifest.
    ///
    /// # Errors
    ///
    /// When it is of another version, or a line has no meaning.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut manifest = Self::default();
        let mut version = None;
        for (number, line) in text.lines().enumerate() {
            let bad = || {
                let line_number = number + 1;
                Failure::infrastructure(format!(
                    "line {line_number} of the manifest has no meaning: `{line}`; the rules and the \
                     runner have to be of the same release"
                ))
            };
            let (key, value) = line.split_once('\t').ok_or_else(bad)?;
            match key {
                "version" => version = Some(value.to_owned()),
                "label" => manifest.label = label(value),
                "src" => manifest.src = value.to_owned(),
                "test" => {
                    manifest.test = Some(serde_json::from_str(value).map_err(|_| bad())?);
                }
                "durations" => manifest.durations = Some(value.to_owned()),
                "interpreter" => manifest.interpreter = Some(value.to_owned()),
                "network" if value == "loopback" => manifest.host_network = false,
                "network" if value == "host" => manifest.host_network = true,
                "python" => manifest.python = value.to_owned(),
                "env" => {
                    let (name, value) = serde_json::from_str(value).map_err(|_| bad())?;
                    manifest.env.insert(name, value);
                }
                "import" => manifest.imports.push(value.to_owned()),
                "distribution" => manifest.distributions.push(value.to_owned()),
                "input" => {
                    let mut parts = value.split('\t');
                    let mut part = || parts.next().map(ToOwned::to_owned).ok_or_else(bad);
                    let (path, exec_path) = (part()?, part()?);
                    manifest.inputs.push(Input {
                        path,
                        exec_path,
                        label: label(&part()?),
                    });
                }
                _ => return Err(bad()),
            }
        }
        match version.as_deref() {
            Some(VERSION) => Ok(manifest),
            version => Err(Failure::infrastructure(format!(
                "the manifest has version {}, this runner reads {VERSION}; the rules and the runner \
                 have to be of the same release",
                version.unwrap_or("none")
            ))),
        }
    }
}

/// A label as people write it: newer versions of Bazel put `@` or `@@` before those of the main
/// repository.
fn label(text: &str) -> String {
    let short = text.trim_start_matches('@');
    let text = if short.starts_with("//") { short } else { text };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read() {
        let text = "version\t1\nlabel\t@@//t:one\nsrc\tt/test_one.py\ntest\t\"A::b[\\t]\"\n\
                    python\tpython3\nnetwork\thost\nenv\t[\"A\",\"x\\ny\"]\nimport\t__main__/src\n\
                    distribution\tattrs\ninput\ta b.py\tout/a b.py\t@dep//x:a b.py\n";
        let manifest = Manifest::parse(text).unwrap();
        let expected = Manifest {
            label: "//t:one".to_owned(),
            src: "t/test_one.py".to_owned(),
            test: Some("A::b[\t]".to_owned()),
            python: "python3".to_owned(),
            host_network: true,
            env: BTreeMap::from([("A".to_owned(), "x\ny".to_owned())]),
            imports: vec!["__main__/src".to_owned()],
            distributions: vec!["attrs".to_owned()],
            inputs: vec![Input {
                path: "a b.py".to_owned(),
                exec_path: "out/a b.py".to_owned(),
                label: "@dep//x:a b.py".to_owned(),
            }],
            ..Manifest::default()
        };
        assert_eq!(manifest, expected);
    }

    #[test]
    fn a_manifest_of_other_rules_is_refused() {
        for (text, part) in [
            ("label\t//t:one\n", "version none"),
            ("version\t2\nlabel\t//t:one\n", "version 2"),
            ("version\t1\ncolour\tred\n", "line 2"),
            ("version\t1\nsrc\n", "line 2"),
            ("version\t1\nnetwork\tsome\n", "line 2"),
            ("version\t1\nenv\t[\"A\"]\n", "line 2"),
            ("version\t1\ninput\ta.py\n", "line 2"),
        ] {
            let error = Manifest::parse(text).unwrap_err();
            assert!(error.message.contains(part), "{text:?}: {}", error.message);
        }
    }
}
