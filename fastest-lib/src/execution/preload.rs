//! What the fork server imports before it forks, so that workers share it; and what it imports while
//! tests are still being discovered, because the last run of the same tests needed it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::{Engine, Plan};
use crate::syntax::{Cleared, remove_owned};
use crate::{Error, Result};

/// What every native worker imports, though not all of it at its start.
const NATIVE: &[&str] = &[
    "fastest_harness.worker",
    "fastest_harness.stacks",
    "fastest_harness.rewrite",
    "fastest_harness.native.engine",
    "fastest_harness.native.request",
    "fastest_harness.native.assertions",
];
/// What it imports besides where plugins and hooks of pytest have a say.
const HOSTED: &[&str] = &[
    "fastest_harness.native.hosted_engine",
    "fastest_harness.preload",
];
/// What a worker of the pytest engine imports.
const PYTEST_ENGINE: &[&str] = &[
    "fastest_harness.worker",
    "fastest_harness.stacks",
    "fastest_harness.pytest_engine",
    "fastest_harness.preload",
];

/// The modules that workers of an engine share in a run of this plan.
pub(super) fn modules(plan: &Plan, engine: Engine) -> Vec<&'static str> {
    let mut modules = match engine {
        Engine::Native if plan.asks_plugins => [NATIVE, HOSTED].concat(),
        Engine::Native => NATIVE.to_vec(),
        Engine::Pytest => PYTEST_ENGINE.to_vec(),
    };
    if plan.imports_pytest {
        modules.push("pytest");
    }
    modules
}

/// What is remembered of the last run in a rootdir: which tests it was asked for, and what its fork
/// server imported first.
#[derive(Debug)]
pub(crate) struct Forecast {
    path: PathBuf,
    /// Tells requests apart.
    request: String,
    modules: Vec<&'static str>,
}

impl Forecast {
    /// What is remembered below `cache_dir`; nothing if the last run was asked for other tests.
    pub(crate) fn open(cache_dir: &Path, rootdir: &Path, arguments: &[String]) -> Self {
        let name = blake3::hash(rootdir.as_os_str().as_encoded_bytes()).to_hex();
        let path = cache_dir.join("forecast").join(&name[..32]);
        let mut hasher = blake3::Hasher::new();
        for argument in arguments {
            hasher.update(&argument.len().to_le_bytes());
            hasher.update(argument.as_bytes());
        }
        let request = hasher.finalize().to_hex().to_string();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mut lines = text.lines();
        let is_same = lines.next() == Some(request.as_str());
        // Names that are none of ours may be those of another version.
        let known = [NATIVE, HOSTED, PYTEST_ENGINE, &["pytest"]].concat();
        let ours = |line: &str| known.iter().copied().find(|known| *known == line);
        let modules: Option<Vec<_>> = lines.map(ours).collect();
        Self {
            path,
            request,
            modules: modules.filter(|_| is_same).unwrap_or_default(),
        }
    }

    /// What to import early.
    pub(crate) fn modules(&self) -> &[&'static str] {
        &self.modules
    }

    /// Remembers what a run of `plan` imports. Where that cannot be written the next run is slower.
    pub(crate) fn keep(&self, plan: &Plan) {
        let is_native = plan.files.iter().any(|file| file.engine == Engine::Native);
        let engine = if is_native {
            Engine::Native
        } else {
            Engine::Pytest
        };
        let modules = modules(plan, engine);
        if modules == self.modules {
            return;
        }
        let text = format!("{}\n{}\n", self.request, modules.join("\n"));
        let written = self.path.parent().map(fs::create_dir_all);
        if let Some(Ok(())) = written {
            // Half a file names half of the modules, or none.
            let _ = fs::write(&self.path, text);
        }
    }
}

/// Removes what is kept below `cache_dir` of what runs import first.
///
/// # Errors
///
/// When a file cannot be removed.
pub fn clear_forecasts(cache_dir: &Path) -> Result<Cleared> {
    let mut cleared = Cleared::default();
    let folder = cache_dir.join("forecast");
    let owns = |name: &str| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    remove_owned(&folder, owns, &mut cleared).map_err(|error| Error::io(&folder, error))?;
    Ok(cleared)
}
