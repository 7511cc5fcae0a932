//! The digest of a closed unit: everything that its outcomes may depend on, in 32 bytes.

use std::path::Path;

use serde::Serialize;

use super::canonical::{Canonical, Digest};
use super::contents::{Content, Contents};
use super::installed::Importable;
use super::shadows::Shadows;
use super::{Capture, Engine, HermeticSpec, RunOptions};
use crate::graph::ImportGraph;
use crate::selection::CONFIG_FILES;
use crate::workspace::{Isolation, Workspace};

/// The digest of one test file as a closed unit. Units with the same digest have the same outcomes,
/// whatever the folders that they lie in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnitDigest {
    /// The test file, relative to the rootdir.
    pub test: String,
    /// The digest over those of the parts.
    pub digest: Digest,
    /// What it is made of.
    pub parts: Vec<DigestPart>,
}

/// A part of a [`UnitDigest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DigestPart {
    /// `inputs`, `interpreter`, `distributions`, `environment`, `settings`, `options` or `harness`.
    pub name: &'static str,
    /// The digest over its entries.
    pub digest: Digest,
    /// Names with values: for files, whether they may be executed (`x` or `f`; `d` for a folder, `-`
    /// for nothing) and the digest of their content.
    pub entries: Vec<(String, String)>,
}

/// Takes in the entries of a part.
struct PartBuilder {
    name: &'static str,
    digest: Canonical,
    /// None where nobody wants to see them.
    entries: Option<Vec<(String, String)>>,
}

impl PartBuilder {
    fn new(name: &'static str, detailed: bool) -> Self {
        Self {
            name,
            digest: Canonical::new(name),
            entries: detailed.then(Vec::new),
        }
    }

    fn add(&mut self, name: &str, value: &str) {
        self.digest.text(name);
        self.digest.text(value);
        if let Some(entries) = &mut self.entries {
            entries.push((name.to_owned(), value.to_owned()));
        }
    }

    /// What is at a path; none if it cannot be read.
    fn add_path(
        &mut self,
        name: &str,
        path: &Path,
        contents: &Contents,
        hint: Option<([u64; 7], [u8; 32])>,
    ) -> Option<()> {
        let content = contents.at(path, hint);
        self.digest.text(name);
        content.add_to(&mut self.digest)?;
        if let Some(entries) = &mut self.entries {
            entries.push((name.to_owned(), content.to_string()));
        }
        Some(())
    }

    fn finish(self) -> DigestPart {
        DigestPart {
            name: self.name,
            digest: self.digest.finish().into(),
            entries: self.entries.unwrap_or_default(),
        }
    }

    fn of(name: &'static str, entries: impl IntoIterator<Item = (String, String)>) -> DigestPart {
        let mut part = Self::new(name, true);
        for (name, value) in entries {
            part.add(&name, &value);
        }
        part.finish()
    }
}

/// Where tools look for settings, from the rootdir upwards: every unit may read them.
pub(crate) fn settings_files() -> impl Iterator<Item = &'static str> {
    let others = ["setup.py", ".coveragerc"];
    CONFIG_FILES.iter().copied().chain(others)
}

/// Makes the digests of the units of one run.
#[derive(Debug)]
pub(crate) struct Digests<'a> {
    rootdir: &'a Path,
    graph: &'a ImportGraph,
    contents: &'a Contents,
    /// The parts that are the same for all units.
    shared: Vec<DigestPart>,
    /// The options that are.
    options: Vec<(String, String)>,
    shadows: Shadows<'a>,
}

/// What only later stages know.
#[derive(Clone, Debug)]
pub(crate) struct Foundation {
    /// What the interpreter is, by name.
    pub(crate) interpreter: Vec<(String, String)>,
    /// What is installed for it.
    pub(crate) importable: Importable,
    /// What tells this program from other versions of it.
    pub(crate) harness: Digest,
}

impl<'a> Digests<'a> {
    pub(crate) fn new(
        workspace: &'a Workspace,
        graph: &'a ImportGraph,
        contents: &'a Contents,
        run: &RunOptions,
        foundation: Foundation,
    ) -> Self {
        let distributions = foundation.importable.entries.into_iter();
        let harness = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("source", env!("FASTEST_SOURCE").to_owned()),
            ("harness", foundation.harness.to_string()),
        ];
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        let raw = workspace.config().raw.iter();
        let raw = raw.map(|(name, value)| (name.clone(), format!("{value:?}")));
        let mut settings = PartBuilder::new("settings", true);
        raw.for_each(|(name, value)| settings.add(&name, &value));
        // What any test may read of them, and of those above the rootdir.
        for (at, folder) in workspace.rootdir().ancestors().enumerate() {
            for name in settings_files() {
                let path = folder.join(name);
                let content = contents.at(&path, None);
                if content != Content::Absent {
                    settings.add(&format!("{}{name}", "../".repeat(at)), &content.to_string());
                }
            }
        }
        Self {
            rootdir: workspace.rootdir(),
            graph,
            contents,
            shared: vec![
                PartBuilder::of("interpreter", foundation.interpreter),
                PartBuilder::of(
                    "distributions",
                    distributions.map(|(name, digest)| (name, digest.to_string())),
                ),
                settings.finish(),
                PartBuilder::of("harness", harness.map(owned)),
            ],
            options: options(workspace, run),
            shadows: Shadows::new(workspace, foundation.importable.names),
        }
    }

    /// The digest of a unit that is to run under that engine; none if one of its inputs cannot be
    /// read. Entries are given only if the answer is `detailed`.
    pub(crate) fn of(
        &self,
        spec: &HermeticSpec,
        engine: Engine,
        detailed: bool,
    ) -> Option<UnitDigest> {
        let mut parts = vec![
            self.inputs(spec, detailed)?,
            self.environment(spec, detailed),
        ];
        parts.push(self.unit_options(spec, engine, detailed));
        parts.extend(self.shared.iter().map(|part| DigestPart {
            entries: match detailed {
                true => part.entries.clone(),
                false => Vec::new(),
            },
            ..*part
        }));
        parts.sort_by_key(|part| part.name);
        let mut unit = Canonical::new("unit");
        unit.text(&spec.test);
        for part in &parts {
            unit.text(part.name);
            unit.field(part.digest.as_bytes());
        }
        Some(UnitDigest {
            test: spec.test.clone(),
            digest: unit.finish().into(),
            parts,
        })
    }

    fn inputs(&self, spec: &HermeticSpec, detailed: bool) -> Option<DigestPart> {
        let mut part = PartBuilder::new("inputs", detailed);
        for input in &spec.inputs {
            let path = self.rootdir.join(input);
            let hint = self.graph.content(input);
            part.add_path(input, &path, self.contents, hint)?;
        }
        for shadow in self.shadows.of(spec) {
            part.digest.text("instead of what is installed");
            part.add_path(&shadow, &self.rootdir.join(&shadow), self.contents, None)?;
        }
        Some(part.finish())
    }

    fn environment(&self, spec: &HermeticSpec, detailed: bool) -> DigestPart {
        let mut part = PartBuilder::new("environment", detailed);
        for (name, value) in &spec.environment {
            let programs = spec.interpreter.parent().filter(|_| name == "PATH");
            let folders = value.split(':').map(|folder| match programs {
                // Wherever it is, the interpreter is told by what it is.
                Some(programs) if Path::new(folder) == programs => "<interpreter>",
                _ => folder,
            });
            let value: Vec<&str> = folders.collect();
            part.add(name, &value.join(":"));
        }
        part.finish()
    }

    fn unit_options(&self, spec: &HermeticSpec, engine: Engine, detailed: bool) -> DigestPart {
        let mut part = PartBuilder::new("options", detailed);
        for (name, value) in &self.options {
            part.add(name, value);
        }
        part.add("engine", engine.as_str());
        part.add("network", &format!("{:?}", spec.network));
        part.add("timeout", &format!("{:?}", spec.timeout));
        part.add("memory", &format!("{:?}", spec.memory));
        for folder in &spec.outputs {
            part.add("output", &self.named(folder));
        }
        part.finish()
    }

    /// A path, relative to the rootdir where it lies inside.
    fn named(&self, path: &Path) -> String {
        named(self.rootdir, path)
    }
}

fn named(rootdir: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(rootdir).unwrap_or(path);
    inside.to_string_lossy().into_owned()
}

/// The options of a run that a test may see, or that its outcome depends on: not how many workers there
/// are, in which order files run, when to stop, and which tests are wanted.
fn options(workspace: &Workspace, run: &RunOptions) -> Vec<(String, String)> {
    let named = |path: &Path| named(workspace.rootdir(), path);
    let asked = workspace.options();
    let addopts = workspace.addopts();
    let capture = match run.capture {
        Capture::No => "no",
        Capture::Fd => addopts.capture.as_deref().unwrap_or("fd"),
    };
    let inipath = workspace.inipath().map(named);
    // Closed units share a process with no other file.
    let isolation = match run.isolation {
        Isolation::Worker | Isolation::Module => "module",
        Isolation::Test => "test",
    };
    let options = [
        ("isolation", isolation.to_owned()),
        ("engines", format!("{:?}", run.engine)),
        ("capture", capture.to_owned()),
        ("verbosity", run.verbosity.to_string()),
        ("traceback", run.traceback.as_str().to_owned()),
        ("showlocals", run.showlocals.to_string()),
        ("warnings", format!("{:?}", run.warnings)),
        ("plugins", format!("{:?}", run.plugins)),
        ("junit", format!("{:?}", run.junit_family)),
        (
            "import-mode",
            format!("{:?}", workspace.config().import_mode),
        ),
        ("environment-addopts", format!("{:?}", asked.env_addopts)),
        ("ini-file", format!("{inipath:?}")),
        ("confcutdir", named(workspace.confcutdir())),
        ("folder", named(workspace.invocation_dir())),
    ];
    options.map(|(name, value)| (name.to_owned(), value)).into()
}

#[cfg(test)]
mod tests;
