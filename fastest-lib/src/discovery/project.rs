//! Where imports lead: the modules that are read besides the test files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, RwLock};

use elsa::sync::FrozenMap;

use super::classes::Module;
use super::failing::Known;
use super::folders::{Folders, Location};
use super::scope::Kind;
use crate::environment::{Installed, is_outside, is_stdlib};
use crate::syntax::{Expr, FileFacts, Sources};
use crate::workspace::ImportRoots;

/// What resolves imports.
pub(super) trait World: Sync {
    /// The module that is imported under the name `module`, as written in the file at `from`.
    fn find(&self, from: &Path, module: &str) -> Found<'_>;

    /// The module `name` in the package with this `__init__.py`.
    fn below(&self, package: &Path, name: &str) -> Found<'_>;
}

/// Where an import leads.
pub(super) enum Found<'w> {
    /// To a source file that is read.
    Module(&'w Module<'w>),
    /// To folders without an `__init__.py`.
    Namespace,
    /// Out of the sources: to the standard library, to pytest, to an extension module.
    Outside,
    /// To nothing that is there, as far as it is known where to look.
    Missing,
    /// It is not known: to one of several, or to a file that cannot be read.
    Unknown,
}

/// A file that imports have led to.
struct Source {
    path: PathBuf,
    facts: FileFacts,
}

/// The facts of the files that imports lead to, each read once.
pub(super) struct Library<'s> {
    sources: &'s Sources,
    files: FrozenMap<PathBuf, Box<Source>>,
}

impl<'s> Library<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            files: FrozenMap::new(),
        }
    }

    /// Nothing when the file cannot be read or is no Python that could be imported.
    fn source(&self, path: &Path) -> Option<&Source> {
        let found = match self.files.get(path) {
            Some(found) => found,
            None => {
                let facts = self.sources.facts(path).ok()?;
                let path = path.to_path_buf();
                let source = Box::new(Source {
                    path: path.clone(),
                    facts,
                });
                self.files.insert(path, source)
            }
        };
        // Each time: who asks first must not get another answer than the others.
        Some(found).filter(|found| found.facts.problems.is_empty())
    }
}

/// Star imports of star imports are followed this far.
const MAX_STARS: usize = 64;

/// The modules that imports lead to.
pub(super) struct Project<'s> {
    library: &'s Library<'s>,
    roots: ImportRoots,
    modules: FrozenMap<PathBuf, Box<Module<'s>>>,
    folders: Folders,
    /// Where modules lie that are imported by an absolute name.
    located: RwLock<HashMap<String, Location>>,
    installed: OnceLock<Installed>,
    pub(super) known: RwLock<Known>,
}

impl<'s> Project<'s> {
    pub(super) fn new(library: &'s Library<'s>, roots: ImportRoots) -> Self {
        Self {
            library,
            roots,
            modules: FrozenMap::new(),
            folders: Folders::default(),
            located: RwLock::default(),
            installed: OnceLock::new(),
            known: RwLock::default(),
        }
    }

    /// The module of a file that imports lead to.
    pub(super) fn module(&self, path: &Path) -> Option<&Module<'s>> {
        self.load(path, &mut Vec::new())
    }

    /// `loading` are the modules whose star imports led here.
    fn load(&self, path: &Path, loading: &mut Vec<&'s Path>) -> Option<&Module<'s>> {
        if let Some(module) = self.modules.get(path) {
            return Some(module);
        }
        let source = self.library.source(path)?;
        if loading.len() > MAX_STARS || loading.contains(&source.path.as_path()) {
            return None;
        }
        loading.push(&source.path);
        let before = loading.len();
        let mut is_cut = false;
        let module = Module::new(&source.path, &source.facts, |module| {
            let names = self.star(&source.path, module, loading);
            is_cut |= names.is_none();
            names
        });
        debug_assert_eq!(before, loading.len());
        loading.pop();
        // What a circle left out may be known to those who come from outside of it.
        if is_cut && !loading.is_empty() && module.is_opaque {
            return None;
        }
        Some(self.modules.insert(path.to_path_buf(), Box::new(module)))
    }

    /// The names that `from module import *` binds in the file at `from`; none when that is not
    /// known.
    pub(super) fn star_names(&self, from: &Path, module: &str) -> Option<Vec<&'s str>> {
        self.star(from, module, &mut Vec::new())
    }

    fn star(&self, from: &Path, module: &str, loading: &mut Vec<&'s Path>) -> Option<Vec<&'s str>> {
        let Location::File(path) = self.locate(from, module) else {
            return None;
        };
        let module = self.load(&path, loading)?;
        if let Some(entry) = module.scope.get("__all__") {
            let Some(Kind::Value(Expr::List(items) | Expr::Tuple(items))) = entry.only() else {
                return None;
            };
            if entry.mutated {
                return None;
            }
            let names = items.iter().map(|item| match item {
                Expr::Str(name) => Some(name.as_str()),
                _ => None,
            });
            return names.collect();
        }
        if module.is_opaque && module.scope.get("__getattr__").is_none() {
            return None;
        }
        let names = module.scope.entries().iter().map(|entry| entry.name);
        Some(names.filter(|name| !name.starts_with('_')).collect())
    }

    fn found(&self, location: Location) -> Found<'_> {
        match location {
            Location::File(path) => match self.module(&path) {
                Some(module) => Found::Module(module),
                None => Found::Unknown,
            },
            Location::Namespace(_) => Found::Namespace,
            Location::Outside => Found::Outside,
            Location::Missing => Found::Missing,
            Location::Unknown => Found::Unknown,
        }
    }

    pub(super) fn locate(&self, from: &Path, module: &str) -> Location {
        if module.starts_with('.') {
            return self.folders.locate_relative(from, module);
        }
        let top = module.split('.').next().unwrap_or_default();
        if is_outside(top) {
            return Location::Outside;
        }
        if let Ok(located) = self.located.read()
            && let Some(found) = located.get(module)
        {
            return found.clone();
        }
        let found = self.locate_absolute(module);
        if let Ok(mut located) = self.located.write() {
            located.insert(module.to_owned(), found.clone());
        }
        found
    }

    fn locate_absolute(&self, module: &str) -> Location {
        let (parent, name) = match module.rsplit_once('.') {
            Some((parent, name)) => (self.locate(Path::new(""), parent), name),
            None => return self.locate_top(module),
        };
        match parent {
            Location::File(path) => match path.parent() {
                Some(folder) if path.ends_with("__init__.py") => {
                    self.folders.search([folder], name)
                }
                _ => Location::Missing,
            },
            Location::Namespace(folders) => self
                .folders
                .search(folders.iter().map(PathBuf::as_path), name),
            other => other,
        }
    }

    /// The folders that pytest adds come before all others, but which of them is first depends on
    /// the order in which files are imported: a name that two of them have is not known.
    fn locate_top(&self, name: &str) -> Location {
        let mut found = Vec::new();
        for root in &self.roots.inserted {
            let here = self.folders.search([root.as_path()], name);
            if here != Location::Missing && !found.contains(&here) {
                found.push(here);
            }
        }
        // Folders that are no packages count only where nothing else has the name.
        if found
            .iter()
            .any(|found| !matches!(found, Location::Namespace(_)))
        {
            found.retain(|found| !matches!(found, Location::Namespace(_)));
        }
        if found.len() > 1 || (is_stdlib(name) && !found.is_empty()) {
            return Location::Unknown;
        }
        let inserted = found.pop();
        if let Some(found @ (Location::File(_) | Location::Outside)) = inserted {
            return found;
        }
        if is_stdlib(name) {
            return Location::Outside;
        }
        let installed = self.installed();
        if let Some(folder) = installed.mapped.get(name) {
            let parent = folder.parent().unwrap_or(folder);
            let found = self.folders.search([parent], name);
            if found != Location::Missing {
                return found;
            }
        }
        let folders = self.roots.configured.iter().chain(&installed.folders);
        match (
            self.folders.search(folders.map(PathBuf::as_path), name),
            inserted,
        ) {
            (Location::Missing, Some(namespace)) => namespace,
            // What is installed is not known, or made known to Python in some other way.
            (Location::Missing, None) if installed.is_partial => Location::Unknown,
            (found, _) => found,
        }
    }

    /// Whether a file lies where packages are installed.
    pub(super) fn is_installed(&self, path: &Path) -> bool {
        let mut folders = self.roots.installed.iter();
        folders.any(|folder| path.starts_with(folder))
    }

    fn installed(&self) -> &Installed {
        self.installed
            .get_or_init(|| Installed::read(&self.roots.installed))
    }
}

impl World for Project<'_> {
    fn find(&self, from: &Path, module: &str) -> Found<'_> {
        self.found(self.locate(from, module))
    }

    fn below(&self, package: &Path, name: &str) -> Found<'_> {
        match package.parent() {
            Some(folder) => self.found(self.folders.search([folder], name)),
            None => Found::Missing,
        }
    }
}
