use std::path::{Path, PathBuf};

use super::load::{self, Located};
use super::paths;
use super::settings::Settings;
use crate::{Error, ErrorKind, Result};

/// What determines the rootdir.
pub(crate) struct Setup<'a> {
    pub(crate) invocation_dir: &'a Path,
    /// The paths and node ids of the command line and of `PYTEST_ADDOPTS`.
    pub(crate) args: &'a [String],
    pub(crate) rootdir: Option<&'a Path>,
    pub(crate) config_file: Option<&'a Path>,
}

/// The rootdir and the configuration file with its settings.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) rootdir: PathBuf,
    pub(crate) inipath: Option<PathBuf>,
    pub(crate) settings: Settings,
    /// Names of files beside the `inipath` that configure pytest too, and are not used.
    pub(crate) ignored: Vec<&'static str>,
}

impl Setup<'_> {
    /// Finds the rootdir by pytest's rules.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when a path that was given is not there, [`ErrorKind::Config`] when a
    /// configuration file on the way is broken.
    pub(crate) fn determine(&self) -> Result<Root> {
        let mut root = match self.config_file {
            Some(file) => self.at_config_file(file)?,
            None => self.search()?,
        };
        if let Some(rootdir) = self.rootdir {
            root.rootdir = paths::absolute(self.invocation_dir, rootdir);
            if !root.rootdir.is_dir() {
                return Err(Error::new(ErrorKind::Usage, "the folder is not there")
                    .with_path(&root.rootdir)
                    .with_help("check the --rootdir option"));
            }
        }
        Ok(root)
    }

    fn at_config_file(&self, file: &Path) -> Result<Root> {
        let inipath = paths::absolute(self.invocation_dir, file);
        let usage = |message: &str| {
            Error::new(ErrorKind::Usage, message)
                .with_path(&inipath)
                .with_help("check the -c/--config-file option")
        };
        if !inipath.exists() {
            return Err(usage("the configuration file is not there"));
        }
        if inipath.is_dir() {
            return Err(usage("the configuration file is a folder"));
        }
        let settings = load::load_explicit(&inipath)?;
        let rootdir = match inipath.parent() {
            Some(folder) if inipath.is_file() => folder.to_path_buf(),
            _ => {
                let ancestor = self.common_ancestor(&self.folders());
                if paths::is_top(&ancestor) {
                    self.invocation_dir.to_path_buf()
                } else {
                    ancestor
                }
            }
        };
        Ok(Root {
            rootdir,
            inipath: Some(inipath),
            settings,
            ignored: Vec::new(),
        })
    }

    fn search(&self) -> Result<Root> {
        let folders = self.folders();
        let ancestor = self.common_ancestor(&folders);
        if let Some(root) = locate(std::slice::from_ref(&ancestor))? {
            return Ok(root);
        }
        let plain = |rootdir: PathBuf| Root {
            rootdir,
            inipath: None,
            settings: Settings::default(),
            ignored: Vec::new(),
        };
        // A rootdir that was given ends the search: it takes the place of what follows.
        if self.rootdir.is_some() {
            return Ok(plain(ancestor));
        }
        let mut upward = ancestor.ancestors();
        if let Some(folder) = upward.find(|folder| folder.join("setup.py").is_file()) {
            return Ok(plain(folder.to_path_buf()));
        }
        if folders != [ancestor.clone()] {
            let starts = if folders.is_empty() {
                vec![self.invocation_dir.to_path_buf()]
            } else {
                folders
            };
            if let Some(root) = locate(&starts)? {
                return Ok(root);
            }
        }
        let shared = paths::common(self.invocation_dir, &ancestor);
        Ok(plain(if paths::is_top(&shared) {
            ancestor
        } else {
            shared
        }))
    }

    /// The folders of the arguments that are there.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for arg in self.args {
            let file = arg.split("::").next().unwrap_or_default();
            let path = paths::absolute(self.invocation_dir, file);
            if path.is_dir() {
                folders.push(path);
            } else if path.exists() {
                folders.extend(path.parent().map(Path::to_path_buf));
            }
        }
        folders
    }

    fn common_ancestor(&self, folders: &[PathBuf]) -> PathBuf {
        let shared = folders
            .iter()
            .cloned()
            .reduce(|shared, folder| paths::common(&shared, &folder));
        shared.unwrap_or_else(|| self.invocation_dir.to_path_buf())
    }
}

/// The configuration file that pytest takes for tests in `folder`, looked for up to `top` and not above
/// it: a build system declares what is read. None when there is none on the way.
///
/// # Errors
/// A file with the name of one that cannot be read or parsed.
pub fn config_file_within(top: &Path, folder: &Path) -> Result<Option<PathBuf>> {
    let within = folder.ancestors().take_while(|path| path.starts_with(top));
    for folder in within {
        if let Located::Found(name, ..) = load::locate_in(folder)? {
            return Ok(Some(folder.join(name)));
        }
    }
    Ok(None)
}

/// The first configuration file in the starts and their ancestors, in that order; else the first
/// `pyproject.toml`, which then configures nothing but marks the rootdir.
fn locate(starts: &[PathBuf]) -> Result<Option<Root>> {
    let mut pyproject = None;
    for folder in starts.iter().flat_map(|start| start.ancestors()) {
        match load::locate_in(folder)? {
            Located::Found(name, settings, ignored) => {
                return Ok(Some(Root {
                    rootdir: folder.to_path_buf(),
                    inipath: Some(folder.join(name)),
                    settings,
                    ignored,
                }));
            }
            Located::OnlyPyproject => {
                pyproject.get_or_insert(folder);
            }
            Located::Nothing => {}
        }
    }
    Ok(pyproject.map(|folder| Root {
        rootdir: folder.to_path_buf(),
        inipath: Some(folder.join("pyproject.toml")),
        settings: Settings::default(),
        ignored: Vec::new(),
    }))
}
