use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::syntax::{BindingKind, Expr, parse};

/// `.pth` files of coverage.py and pytest-cov, which only begin to measure: no module comes from them.
const MEASURING: &[&str] = &["a1_coverage.pth", "init_cov_core.pth", "pytest-cov.pth"];

/// The folders in which installed modules lie.
#[derive(Debug, Default)]
pub(crate) struct Installed {
    /// `site-packages` folders, each followed by those that its `.pth` files name.
    pub(crate) folders: Vec<PathBuf>,
    /// Whether modules may come from elsewhere, too.
    pub(crate) is_partial: bool,
    /// Packages that an editable installation maps to their folders.
    pub(crate) mapped: HashMap<String, PathBuf>,
}

impl Installed {
    /// What the `site-packages` folders of an interpreter lead to; without any, nothing is known.
    pub(crate) fn read(site_packages: &[PathBuf]) -> Self {
        let mut installed = Self {
            is_partial: site_packages.is_empty(),
            ..Self::default()
        };
        for folder in site_packages {
            installed.folders.push(folder.clone());
            installed.read_path_files(folder);
        }
        installed
    }

    /// `.pth` files name further folders, one a line. A line that begins with `import` is run:
    /// setuptools writes such for an editable installation, with a module that maps package names
    /// to folders.
    fn read_path_files(&mut self, folder: &Path) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|suffix| suffix == "pth"))
            .filter(|path| !MEASURING.iter().any(|name| path.ends_with(name)))
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for line in text.lines().map(str::trim) {
                if let Some(code) = line.strip_prefix("import ") {
                    let finder = code.split(';').next().unwrap_or_default().trim();
                    if finder.starts_with("__editable___") {
                        self.read_finder(&folder.join(format!("{finder}.py")));
                    } else if !finder.starts_with("os") && !finder.starts_with("_virtualenv") {
                        self.is_partial = true;
                    }
                } else if !line.is_empty() && !line.starts_with('#') {
                    self.folders.push(folder.join(line));
                }
            }
        }
    }

    fn read_finder(&mut self, path: &Path) {
        let Ok(bytes) = std::fs::read(path) else {
            return;
        };
        for binding in parse(&bytes).bindings {
            if binding.name == "MAPPING"
                && let BindingKind::Value(Expr::Dict(items)) = binding.kind
            {
                for item in items {
                    if let (Some(Expr::Str(name)), Expr::Str(path)) = item {
                        self.mapped.insert(name, PathBuf::from(path));
                    }
                }
            }
        }
    }
}
