//! What an interpreter is, wherever it lies.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::plan::{Canonical, Content, Contents, Digest};
use crate::syntax::{Cleared, Identity, files, remove_owned};
use crate::{Error, ErrorKind, Result};

const ASIDE: &str = ".new-";

/// Says what only the interpreter knows of itself.
const PROBE: &str = "\
import json, os, sys, sysconfig
get = sysconfig.get_config_var
shared = os.path.join(get('LIBDIR') or '', get('INSTSONAME') or '')
print(json.dumps({
    'implementation': sys.implementation.name,
    'version': '.'.join(map(str, sys.version_info[:3])) + (
        '' if sys.version_info[3] == 'final' else sys.version_info[3][0] + str(sys.version_info[4])),
    'build': sys.version,
    'abi': get('SOABI') or '',
    'platform': sysconfig.get_platform(),
    'library': shared if get('Py_ENABLE_SHARED') else '',
}))
";

/// An interpreter's own words of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Python {
    implementation: String,
    /// Such as `3.11.7`.
    pub(crate) version: String,
    build: String,
    abi: String,
    platform: String,
    /// The file of its shared library; empty where it has none.
    library: PathBuf,
}

impl Python {
    /// Asks an interpreter what it is, unless one that looks the same has said so before.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or is no Python.
    pub(crate) fn ask(python: &Path, cache_dir: &Path) -> Result<Self> {
        let kept = kept_at(python, cache_dir);
        if let Some(known) = kept.as_deref().and_then(read) {
            return Ok(known);
        }
        let failed = |why: &str| {
            Error::new(
                ErrorKind::Interpreter,
                format!("the interpreter does not say what it is: {why}"),
            )
            .with_path(python)
            .with_help("name another one with --python")
        };
        let output = Command::new(python)
            .args(["-I", "-c", PROBE])
            .output()
            .map_err(|error| failed(&error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said
            .trim_end()
            .lines()
            .last()
            .unwrap_or("nothing is printed");
        let found: Self = serde_json::from_slice(&output.stdout).map_err(|_| failed(last))?;
        if let Some(path) = kept {
            // It can be asked again.
            let _ = write(&path, &found);
        }
        Ok(found)
    }

    /// What tells it from others, by name: no path is among it. None if its files cannot be read.
    pub(crate) fn entries(
        &self,
        python: &Path,
        contents: &Contents,
    ) -> Option<Vec<(String, String)>> {
        let real = python.canonicalize().ok()?;
        let content = |path: &Path| match contents.at(path, None) {
            Content::File { digest, .. } => Some(Digest::from(digest).to_string()),
            _ => None,
        };
        let mut entries = vec![
            ("implementation", self.implementation.clone()),
            ("version", self.version.clone()),
            ("build", self.build.clone()),
            ("abi", self.abi.clone()),
            ("platform", self.platform.clone()),
            (
                "system",
                format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            ),
            ("executable", content(&real)?),
        ];
        if !self.library.as_os_str().is_empty() {
            // One that is linked in without being installed has no file of its own.
            let library = content(&self.library).unwrap_or_default();
            entries.push(("library", library));
        }
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        Some(entries.into_iter().map(owned).collect())
    }
}

fn folder(cache_dir: &Path) -> PathBuf {
    cache_dir.join("interpreters")
}

/// Where the words of an interpreter that looks like this are kept.
fn kept_at(python: &Path, cache_dir: &Path) -> Option<PathBuf> {
    let real = python.canonicalize().ok()?;
    let identity = Identity::of(&fs::metadata(&real).ok()?);
    let mut key = Canonical::new("interpreter");
    key.field(python.as_os_str().as_encoded_bytes());
    key.field(real.as_os_str().as_encoded_bytes());
    key.field(bytemuck::cast_slice(&identity.0));
    let settings = python.parent()?.parent()?.join("pyvenv.cfg");
    key.field(&fs::read(settings).unwrap_or_default());
    let name = Digest::from(key.finish()).to_string();
    Some(folder(cache_dir).join(format!("{}.json", &name[..32])))
}

fn read(path: &Path) -> Option<Python> {
    let metadata = fs::metadata(path).ok()?;
    let own = rustix::process::geteuid().as_raw();
    let bytes = [0, own]
        .contains(&metadata.uid())
        .then(|| fs::read(path).ok())??;
    let (checksum, body) = bytes.split_at_checked(64)?;
    let whole = blake3::hash(body).to_hex().as_bytes() == checksum;
    whole.then(|| serde_json::from_slice(body).ok())?
}

fn write(path: &Path, found: &Python) -> std::io::Result<()> {
    let body = serde_json::to_vec(found)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::Builder::new().prefix(ASIDE).tempfile_in(folder)?;
    aside.write_all(blake3::hash(&body).to_hex().as_bytes())?;
    aside.write_all(&body)?;
    aside.persist(path)?;
    let kept = files(folder)?;
    if kept.len() > 64 {
        let oldest = kept
            .iter()
            .min_by_key(|(_, metadata)| metadata.modified().ok());
        oldest.map(|(name, _)| fs::remove_file(folder.join(name)));
    }
    Ok(())
}

/// Removes what interpreters have said of themselves from `cache_dir`.
pub(crate) fn clear(cache_dir: &Path, cleared: &mut Cleared) -> std::io::Result<()> {
    let is_owned = |name: &str| {
        let stem = name.strip_suffix(".json").unwrap_or_default();
        name.starts_with(ASIDE)
            || stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    remove_owned(&folder(cache_dir), is_owned, cleared)
}
