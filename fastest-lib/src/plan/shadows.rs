//! First-party modules that stand in the way of others: code that is not the workspace's, which the
//! graph does not read, imports them when it asks for what is installed or for the standard library.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::HermeticSpec;
use crate::environment::is_stdlib;
use crate::workspace::Workspace;

/// Modules that Python itself imports when it starts.
const CUSTOM: &[&str] = &["sitecustomize", "usercustomize"];

/// What the names of files end in that Python imports.
const MODULES: &[&str] = &["py", "pyc", "so", "pyd"];

#[derive(Debug)]
pub(crate) struct Shadows<'a> {
    rootdir: &'a Path,
    /// Folders that the configuration puts on the search path.
    configured: Vec<PathBuf>,
    /// The first names of what is installed.
    installed: BTreeSet<String>,
    /// What was found in each folder.
    found: Mutex<HashMap<PathBuf, Vec<String>>>,
}

impl<'a> Shadows<'a> {
    pub(crate) fn new(workspace: &'a Workspace, installed: BTreeSet<String>) -> Self {
        let mut configured = workspace.fixed_import_roots().configured;
        configured.retain(|folder| folder.starts_with(workspace.rootdir()));
        Self {
            rootdir: workspace.rootdir(),
            configured,
            installed,
            found: Mutex::default(),
        }
    }

    /// Those that a unit may meet, relative to the rootdir, in order.
    pub(crate) fn of(&self, spec: &HermeticSpec) -> BTreeSet<String> {
        let is_conftest = |path: &&String| Path::new(path.as_str()).ends_with("conftest.py");
        let conftests = spec.inputs.iter().filter(is_conftest);
        let files = conftests.chain([&spec.test]);
        let folders: BTreeSet<&Path> = files.filter_map(|path| Path::new(path).parent()).collect();
        let mut all = BTreeSet::new();
        for folder in folders {
            // pytest puts the first folder that is no package on the search path.
            let folder = self.rootdir.join(folder);
            let mut above = folder.ancestors();
            let is_outside = |folder: &&Path| !folder.join("__init__.py").is_file();
            let root = above.find(is_outside).unwrap_or(&folder);
            all.extend(self.below(root));
        }
        for folder in &self.configured {
            all.extend(self.below(folder));
        }
        all
    }

    fn below(&self, root: &Path) -> Vec<String> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = found.get(root) {
            return found.clone();
        }
        let shadows = self.list(root);
        found.insert(root.to_path_buf(), shadows.clone());
        shadows
    }

    fn list(&self, root: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let modules = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let module = name.split('.').next().unwrap_or_default();
            let is_private = module.starts_with('_') && !module.starts_with("__");
            let stands_in_the_way = is_private
                || is_stdlib(module)
                || CUSTOM.contains(&module)
                || self.installed.contains(module);
            if !stands_in_the_way {
                return None;
            }
            let mut path = entry.path();
            if path.is_dir() {
                path.push("__init__.py");
                // Without it a folder is asked last.
                path.is_file().then_some(())?;
            }
            let suffix = path.extension().and_then(|suffix| suffix.to_str());
            let is_module = suffix.is_some_and(|suffix| MODULES.contains(&suffix));
            let path = path.strip_prefix(self.rootdir).ok()?;
            is_module.then(|| Some(path.to_str()?.replace('\\', "/")))?
        });
        modules.collect()
    }
}
