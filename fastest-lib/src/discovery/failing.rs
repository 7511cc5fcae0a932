//! Whether importing a module surely runs into an import that leads nowhere.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::classes::Module;
use super::folders::Location;
use super::project::Project;
use super::scope::{Imported, Kind};

/// An import that leads nowhere.
#[derive(Clone, Debug)]
pub(super) struct Failing {
    /// The file that has it.
    pub(super) path: PathBuf,
    pub(super) line: u32,
    pub(super) module: String,
}

/// What is known of the modules that were looked at.
#[derive(Default)]
pub(super) struct Known {
    /// Files of which every import leads somewhere, and those of what they import.
    sound: FxHashSet<PathBuf>,
    failing: Vec<(PathBuf, Failing)>,
}

/// A module whose imports are being followed, with those that are left.
struct Step {
    path: PathBuf,
    rest: Vec<PathBuf>,
}

impl Project<'_> {
    /// The first import that leads nowhere among those that importing `module` runs in any case: its
    /// own at the top level, and those of the project's modules that they lead to. What is installed
    /// is taken to be complete.
    pub(super) fn failing_import(&self, module: &Module<'_>) -> Option<Failing> {
        let mut visited: FxHashSet<PathBuf> = FxHashSet::default();
        let first = match self.led_to(module) {
            Ok(rest) => rest,
            Err(failing) => return Some(failing),
        };
        let mut way = vec![Step {
            path: module.path.to_path_buf(),
            rest: first,
        }];
        while let Some(step) = way.last_mut() {
            let Some(next) = step.rest.pop() else {
                way.pop();
                continue;
            };
            if !visited.insert(next.clone()) {
                continue;
            }
            let known = self.known.read().ok();
            if known
                .as_ref()
                .is_some_and(|known| known.sound.contains(&next))
            {
                continue;
            }
            let failing = known.as_ref().and_then(|known| {
                let mut failing = known.failing.iter();
                failing
                    .find(|(path, _)| *path == next)
                    .map(|(_, why)| why.clone())
            });
            drop(known);
            let led_to = match failing {
                Some(failing) => Err(failing),
                None => match self.module(&next) {
                    Some(module) => self.led_to(module),
                    // It is no Python that can be read; what it does is not known.
                    None => Ok(Vec::new()),
                },
            };
            match led_to {
                Ok(rest) => way.push(Step { path: next, rest }),
                Err(failing) => {
                    let on_the_way = way.into_iter().skip(1).map(|step| step.path);
                    if let Ok(mut known) = self.known.write() {
                        for path in on_the_way.chain([next]) {
                            known.failing.push((path, failing.clone()));
                        }
                    }
                    return Some(failing);
                }
            }
        }
        // Nothing that was met on the way leads to anything that fails.
        if let Ok(mut known) = self.known.write() {
            known.sound.extend(visited);
        }
        None
    }

    /// The project's files that the imports of a module run, or the import that leads nowhere.
    fn led_to(&self, module: &Module<'_>) -> Result<Vec<PathBuf>, Failing> {
        let mut files = Vec::new();
        for entry in module.scope.entries() {
            let [bound] = entry.current.as_slice() else {
                continue;
            };
            let Kind::Import(imported) = bound.kind else {
                continue;
            };
            if bound.conditional {
                continue;
            }
            if self.follow_import(module.path, imported, &mut files) == Location::Missing {
                return Err(Failing {
                    path: module.path.to_path_buf(),
                    line: bound.line,
                    module: imported.module.to_owned(),
                });
            }
        }
        Ok(files)
    }

    /// Adds what an import runs, and gives where its module lies.
    fn follow_import(
        &self,
        from: &Path,
        imported: Imported<'_>,
        files: &mut Vec<PathBuf>,
    ) -> Location {
        let Imported { module, name, .. } = imported;
        // The packages around a module are imported before it.
        let dots = module.match_indices('.').map(|(at, _)| at);
        for end in dots.filter(|end| *end > 0 && !module[..*end].ends_with('.')) {
            if let Location::File(path) = self.locate(from, &module[..end]) {
                self.add(path, files);
            }
        }
        let found = self.locate(from, module);
        if let Location::File(path) = &found {
            self.add(path.clone(), files);
            if let Some(name) = name
                && path.ends_with("__init__.py")
            {
                let dot = if module.ends_with('.') { "" } else { "." };
                if let Location::File(path) = self.locate(from, &format!("{module}{dot}{name}")) {
                    self.add(path, files);
                }
            }
        }
        found
    }

    fn add(&self, path: PathBuf, files: &mut Vec<PathBuf>) {
        if !self.is_installed(&path) && !files.contains(&path) {
            files.push(path);
        }
    }
}
