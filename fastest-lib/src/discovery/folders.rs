//! Modules in folders, each of which is listed once.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use elsa::sync::FrozenMap;
use rustc_hash::FxHashSet;

/// What the file system has for a module's name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Location {
    File(PathBuf),
    Namespace(Vec<PathBuf>),
    Outside,
    Missing,
    Unknown,
}

/// The folders in which modules were looked for.
#[derive(Default)]
pub(super) struct Folders {
    listings: FrozenMap<PathBuf, Box<Listing>>,
}

/// What lies in a folder, as far as imports can lead there.
#[derive(Default)]
struct Listing {
    /// The names of `.py` files, without it.
    modules: FxHashSet<String>,
    /// The names of compiled modules.
    compiled: FxHashSet<String>,
    folders: FxHashSet<String>,
}

impl Folders {
    /// A folder that is not there, or cannot be read, is empty.
    fn listing(&self, folder: &Path) -> &Listing {
        if let Some(listing) = self.listings.get(folder) {
            return listing;
        }
        let listing = Box::new(Listing::read(folder));
        self.listings.insert(folder.to_path_buf(), listing)
    }

    /// What Python's path finder takes for a name: in each folder a package or a module, and where
    /// there is none in any, the folders of that name. A compiled module counts where its source is
    /// not there to be read.
    pub(super) fn search<'p>(
        &self,
        folders: impl IntoIterator<Item = &'p Path>,
        name: &str,
    ) -> Location {
        let mut namespace = Vec::new();
        for folder in folders {
            let listing = self.listing(folder);
            let is_folder = listing.folders.contains(name);
            if is_folder {
                let path = folder.join(name);
                if self.listing(&path).modules.contains("__init__") {
                    return Location::File(path.join("__init__.py"));
                }
            }
            if listing.modules.contains(name) {
                return Location::File(folder.join(format!("{name}.py")));
            }
            if listing.compiled.contains(name) {
                return Location::Outside;
            }
            if is_folder {
                namespace.push(folder.join(name));
            }
        }
        if namespace.is_empty() {
            Location::Missing
        } else {
            Location::Namespace(namespace)
        }
    }

    /// Relative imports go by folders; whether the file is a package's is for Python to say.
    pub(super) fn locate_relative(&self, from: &Path, module: &str) -> Location {
        let name = module.trim_start_matches('.');
        let level = module.len() - name.len();
        let Some(folder) = from.ancestors().nth(level) else {
            return Location::Missing;
        };
        let mut parts = name.split('.').filter(|part| !part.is_empty()).peekable();
        if parts.peek().is_none() {
            return if self.listing(folder).modules.contains("__init__") {
                Location::File(folder.join("__init__.py"))
            } else {
                Location::Namespace(vec![folder.to_path_buf()])
            };
        }
        let mut folders = vec![folder.to_path_buf()];
        while let Some(part) = parts.next() {
            let found = self.search(folders.iter().map(PathBuf::as_path), part);
            if parts.peek().is_none() {
                return found;
            }
            folders = match found {
                Location::File(path) if path.ends_with("__init__.py") => {
                    path.parent().map(Path::to_path_buf).into_iter().collect()
                }
                Location::Namespace(folders) => folders,
                other => return other,
            };
        }
        Location::Missing
    }
}

impl Listing {
    fn read(folder: &Path) -> Self {
        let mut listing = Self::default();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let stem = name.split('.').next().unwrap_or_default();
            let is_folder = || match entry.file_type() {
                Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
                kind => kind.is_ok_and(|kind| kind.is_dir()),
            };
            match Path::new(name).extension().and_then(OsStr::to_str) {
                Some("py") if name.len() == stem.len() + 3 && !is_folder() => {
                    listing.modules.insert(stem.to_owned());
                }
                Some("so" | "pyd") => {
                    listing.compiled.insert(stem.to_owned());
                }
                None if is_folder() => {
                    listing.folders.insert(name.to_owned());
                }
                _ => {}
            }
        }
        listing
    }
}
