//! Uses of what a target does not declare: the line that mends the build file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fastest_lib::execution::{Event, LongRepr};
use fastest_lib::report::Report;

use crate::Manifest;

/// What comes before the name of a module that Python does not find.
const NOT_FOUND: &str = "No module named '";

/// What comes before the declaration in a line of the library about an access that was not declared,
/// which knows files but no targets.
const REMEDY: &str = "; to allow it: ";

/// Knows the targets of the repository, as far as it can be seen.
#[derive(Clone, Debug)]
pub(crate) struct Advisor {
    target: String,
    repository: Repository,
}

impl Advisor {
    pub(crate) fn new(manifest: &Manifest, root: &Path) -> Self {
        Self {
            target: manifest.label.clone(),
            repository: Repository::of(manifest, root),
        }
    }

    /// An event whose failures name targets where the library names files.
    pub(crate) fn reword(&self, event: &Event) -> Event {
        let mut event = event.clone();
        match &mut event {
            Event::CollectFinished { longrepr, .. } => {
                longrepr
                    .iter_mut()
                    .for_each(|longrepr| self.reword_all(longrepr));
            }
            Event::TestFinished(test) => {
                let longreprs = test.phases.iter_mut().flat_map(|phase| &mut phase.longrepr);
                longreprs.for_each(|longrepr| self.reword_all(longrepr));
            }
            _ => {}
        }
        event
    }

    fn reword_all(&self, longrepr: &mut LongRepr) {
        let texts = [
            &mut longrepr.text,
            &mut longrepr.message,
            &mut longrepr.full_message,
        ];
        for text in texts.into_iter().flatten() {
            if text.contains(REMEDY) {
                let lines = text.lines();
                let lines = lines.map(|line| self.line(line).unwrap_or_else(|| line.to_owned()));
                *text = lines.collect::<Vec<_>>().join("\n");
            }
        }
    }

    /// A line about a file of the repository that lies outside of the runfiles.
    fn line(&self, line: &str) -> Option<String> {
        let folder = self.repository.folder.as_ref()?;
        let (said, _) = line.split_once(REMEDY)?;
        let folder = format!("{}/", folder.display());
        let at = said.find(&folder)?;
        let rest = &said[at + folder.len()..];
        let path = rest.split([',', ' ']).next()?;
        let declaration = self.declaration(path);
        Some(format!("{}{rest}{REMEDY}{declaration}", &said[..at]))
    }

    /// The line that declares a file of the repository.
    fn declaration(&self, path: &str) -> String {
        let label = self.repository.owner(path);
        let attribute = if Path::new(path).extension().is_some_and(|kind| kind == "py") {
            "deps"
        } else {
            "data"
        };
        format!("{attribute} = [\"{label}\"]  # add to {}", self.target)
    }
}

/// For each module of the repository that the tests did not find: what is missing, and the line that
/// declares it.
pub(crate) fn advice(
    advisor: &Advisor,
    report: &Report,
    root: &Path,
    imports: &[PathBuf],
) -> Vec<String> {
    let modules: BTreeSet<String> = texts(report).flat_map(|text| missing(&text)).collect();
    let advice = modules.iter().filter_map(|module| {
        let path = advisor.repository.module(module, root, imports)?;
        let (target, declaration) = (&advisor.target, advisor.declaration(&path));
        Some(format!(
            "`{module}` is not declared: {path} is no input of {target}.\n    {declaration}"
        ))
    });
    advice.collect()
}

fn texts(report: &Report) -> impl Iterator<Item = String> + '_ {
    let text = |longrepr: &LongRepr| longrepr.text.clone();
    let collect = report.collect.iter();
    let collect = collect.filter_map(move |found| found.longrepr.as_ref().and_then(text));
    let phases = report.tests.iter().flat_map(|test| &test.phases);
    let phases = phases.filter_map(move |phase| phase.longrepr.as_ref().and_then(text));
    let errors = report.usage_errors.iter().chain(&report.internal_errors);
    collect.chain(phases).chain(errors.cloned())
}

/// The modules that a traceback says are not there.
fn missing(text: &str) -> Vec<String> {
    text.split(NOT_FOUND)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned()))
        .collect()
}

/// The sources that the links among the runfiles lead to. Only a build on the same machine sees more of
/// them than is declared.
#[derive(Clone, Debug)]
struct Repository {
    folder: Option<PathBuf>,
}

impl Repository {
    fn of(manifest: &Manifest, root: &Path) -> Self {
        let folder = fs::canonicalize(root.join(&manifest.src))
            .ok()
            .and_then(|real| {
                let depth = Path::new(&manifest.src).components().count();
                let folder = real.ancestors().nth(depth)?.to_path_buf();
                (folder.join(&manifest.src) == real && !real.starts_with(root)).then_some(folder)
            });
        Self { folder }
    }

    /// The path, relative to the repository, of a module that is one of its own.
    fn module(&self, module: &str, root: &Path, imports: &[PathBuf]) -> Option<String> {
        let parts: PathBuf = module.split('.').collect();
        let within = imports
            .iter()
            .filter_map(|folder| folder.strip_prefix(root).ok());
        let below: Vec<PathBuf> = within.map(|folder| folder.join(&parts)).collect();
        let files = |module: &Path| [module.with_extension("py"), module.join("__init__.py")];
        let slashed = |path: &Path| path.to_string_lossy().into_owned();
        if let Some(folder) = &self.folder {
            let mut files = below.iter().flat_map(|module| files(module));
            return files
                .find(|file| folder.join(file).is_file())
                .map(|file| slashed(&file));
        }
        // Elsewhere only what is declared can be seen: a package of which a part is there is ours.
        let ours = below.iter().find(|module| {
            let package = module.parent();
            package.is_some_and(|package| {
                !package.as_os_str().is_empty() && root.join(package).is_dir()
            })
        })?;
        Some(slashed(&ours.with_extension("py")))
    }

    /// The label of the target that has a file: the one whose `srcs` name it, else by custom the one
    /// that is called like it.
    fn owner(&self, path: &str) -> String {
        let file = Path::new(path);
        let parents = file.ancestors().skip(1);
        let mut package = file.parent().unwrap_or(Path::new(""));
        let mut text = None;
        if let Some(folder) = &self.folder {
            for parent in parents {
                let found = ["BUILD.bazel", "BUILD"]
                    .iter()
                    .find_map(|name| fs::read_to_string(folder.join(parent).join(name)).ok());
                if found.is_some() {
                    (package, text) = (parent, found);
                    break;
                }
            }
        }
        let within = file.strip_prefix(package).unwrap_or(file).to_string_lossy();
        let stem = match file.file_name().and_then(|name| name.to_str()) {
            Some("__init__.py") => file.parent().and_then(Path::file_name),
            _ => file.file_stem(),
        };
        if file.extension().is_none_or(|kind| kind != "py") {
            return format!("//{}:{within}", package.display());
        }
        let name = text.and_then(|text| rule_with(&text, &within));
        let name = name.or_else(|| Some(stem?.to_string_lossy().into_owned()));
        format!("//{}:{}", package.display(), name.unwrap_or_default())
    }
}

/// The name of the rule, in the text of a build file, that names a file in quotes: of the last one that
/// begins before it.
fn rule_with(text: &str, file: &str) -> Option<String> {
    let at = text.find(&format!("\"{file}\""))?;
    let start = text[..at]
        .rfind("\nfastest_")
        .or_else(|| text[..at].rfind("\npy_"))?;
    let name = text[start..]
        .split_once("name")?
        .1
        .trim_start()
        .strip_prefix('=')?;
    let name = name.trim_start().strip_prefix('"')?;
    Some(name.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_from_tracebacks() {
        let text =
            "E   ModuleNotFoundError: No module named 'shop.money'\nNo module named 'x'; 'x' is";
        assert_eq!(missing(text), ["shop.money", "x"]);
        assert!(missing("No module named shop").is_empty());
    }

    #[test]
    fn lines_about_files_name_targets() {
        let folder = tempfile::tempdir().unwrap();
        let build = "fastest_library(\n    name = \"all\",\n    srcs = [\"a.py\"],\n)\n";
        fs::create_dir_all(folder.path().join("lib/sub")).unwrap();
        fs::write(folder.path().join("lib/BUILD.bazel"), format!("\n{build}")).unwrap();
        let advisor = Advisor {
            target: "//t:one".to_owned(),
            repository: Repository {
                folder: Some(folder.path().to_path_buf()),
            },
        };
        for (path, expected) in [
            ("lib/a.py", "deps = [\"//lib:all\"]"),
            ("lib/b.py", "deps = [\"//lib:b\"]"),
            ("lib/sub/c.txt", "data = [\"//lib:sub/c.txt\"]"),
        ] {
            let full = folder.path().join(path);
            let line = format!(
                "undeclared read of {}, from t.py:1{REMEDY}x",
                full.display()
            );
            let expected = format!(
                "undeclared read of {path}, from t.py:1{REMEDY}{expected}  # add to //t:one"
            );
            assert_eq!(advisor.line(&line), Some(expected));
        }
        assert_eq!(
            advisor.line("undeclared read of /etc/shadow; to allow it: x"),
            None
        );
    }

    #[test]
    fn rules_are_found_by_their_sources() {
        let text = "load(\"x\")\n\nfastest_library(\n    name = \"cart\",\n    srcs = [\n        \"a.py\",\n        \
                    \"b.py\",\n    ],\n)\n\nfastest_library(\n    name = \"money\",\n    srcs = [\"c.py\"],\n)\n";
        for (file, expected) in [
            ("b.py", Some("cart")),
            ("c.py", Some("money")),
            ("d.py", None),
        ] {
            assert_eq!(rule_with(text, file).as_deref(), expected, "{file}");
        }
    }
}
