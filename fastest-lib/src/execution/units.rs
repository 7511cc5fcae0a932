//! The closed units of a run as the dispatcher makes them: what each worker may use, and the wall that
//! the kernel puts around it.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::event::Enforcement;
use super::walls::{Grounds, SHARED_MEMORY};
use super::wire::Closing;
use crate::plan::{HermeticOptions, HermeticSpecs, settings_files};
use crate::workspace::Network;

/// The folder in the cache that compiled tests are kept in; hermetic runs share it with no others.
pub(super) const CODE: &str = "closed";

/// Makes the units of one run.
#[derive(Debug)]
pub(crate) struct Units<'a> {
    specs: HermeticSpecs<'a>,
    options: &'a HermeticOptions,
    /// The folder below which each worker has one of its own.
    base: PathBuf,
    /// Folders that the machinery writes to, whatever tests do.
    own: Vec<PathBuf>,
    /// The folder of compiled tests, which they may read.
    code: PathBuf,
    grounds: Grounds,
    /// What all workers are told.
    rules: Value,
    #[cfg(target_os = "linux")]
    ruleset: Option<super::walls::Ruleset>,
}

/// What a worker is told of the unit that it is to be.
#[derive(Debug, Serialize)]
pub(super) struct Unit {
    /// Files that it may read, absolute.
    inputs: Vec<PathBuf>,
    /// Its own folder, in which are `home` and `tmp`.
    own: PathBuf,
    /// Whether a ruleset follows as a descriptor.
    walled: bool,
}

impl<'a> Units<'a> {
    /// `base` is the folder of the run for temporary files; `own` are folders that workers write to
    /// for the run. Compiled tests are kept below `cache_dir`.
    pub(crate) fn new(
        specs: HermeticSpecs<'a>,
        options: &'a HermeticOptions,
        base: PathBuf,
        own: Vec<PathBuf>,
        cache_dir: &Path,
    ) -> Self {
        Self {
            specs,
            options,
            base,
            own,
            code: cache_dir.join(CODE),
            grounds: Grounds::default(),
            rules: Value::Null,
            #[cfg(target_os = "linux")]
            ruleset: None,
        }
    }

    /// Looks at what the interpreter says of itself and of the kernel; gives what will be enforced.
    pub(super) fn close(&mut self, closing: &Closing) -> Enforcement {
        let rootdir = self.specs.rootdir();
        let mut grounds = Grounds::new(rootdir, &closing.folders);
        let above = rootdir.ancestors();
        let config = above.flat_map(|folder| settings_files().map(|name| folder.join(name)));
        grounds.read.extend(config.filter(|path| path.is_file()));
        grounds.list.extend(closing.search_path.iter().cloned());
        // Where it cannot be made, tests are compiled anew each time.
        let _ = fs::create_dir_all(&self.code);
        grounds.read.push(self.code.clone());
        grounds.write.extend(self.own.iter().cloned());
        grounds.write.extend(self.options.outputs.iter().cloned());
        for output in &self.options.outputs {
            // A folder that is missing is made, as build systems do; where that fails, the tests say so.
            let _ = fs::create_dir_all(output);
        }
        if !closing.mounts {
            grounds.write.push(SHARED_MEMORY.into());
        }
        self.grounds = grounds;
        let is_closed = self.options.network == Network::Loopback;
        #[cfg(target_os = "linux")]
        {
            let by_landlock = is_closed && !closing.network;
            self.ruleset = (closing.landlock > 0)
                .then(|| super::walls::Ruleset::open(&self.grounds, by_landlock));
        }
        self.rules = json!({
            "read": self.grounds.read,
            "write": self.grounds.write,
            "listed": self.grounds.list,
            "network": self.options.network,
            "memory": self.options.memory,
            "declaration": self.options.declaration,
            "namespaces": closing.network && is_closed,
            "landlock": closing.landlock,
            "mounts": closing.mounts,
        });
        enforcement(closing, is_closed)
    }

    /// What all workers are to be told.
    pub(super) fn rules(&self) -> &Value {
        &self.rules
    }

    /// The unit that `worker` is to be for a test file, with the ruleset that makes it one.
    pub(super) fn unit(&self, worker: usize, test: &str) -> io::Result<(Unit, Option<OwnedFd>)> {
        let own = self.base.join(format!("h{worker}"));
        for name in ["home", "tmp"] {
            let folder = own.join(name);
            fs::create_dir_all(&folder).map_err(|error| {
                let message = format!("{} cannot be made: {error}", folder.display());
                io::Error::new(error.kind(), message)
            })?;
        }
        let rootdir = self.specs.rootdir();
        let spec = self.specs.of(test);
        let inputs: Vec<PathBuf> = spec.inputs.iter().map(|path| rootdir.join(path)).collect();
        let ruleset = self.ruleset(&inputs, &own)?;
        let walled = ruleset.is_some();
        Ok((
            Unit {
                inputs,
                own,
                walled,
            },
            ruleset,
        ))
    }

    #[cfg(target_os = "linux")]
    fn ruleset(&self, inputs: &[PathBuf], own: &Path) -> io::Result<Option<OwnedFd>> {
        let Some(ruleset) = &self.ruleset else {
            return Ok(None);
        };
        let inputs = inputs.iter().map(PathBuf::as_path);
        ruleset
            .of(inputs, std::iter::once(own))
            .map_err(io::Error::other)
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn ruleset(&self, _: &[PathBuf], _: &Path) -> io::Result<Option<OwnedFd>> {
        Ok(None)
    }
}

/// What is enforced where the system is as the interpreter says.
fn enforcement(closing: &Closing, is_closed: bool) -> Enforcement {
    let mut unenforced = Vec::new();
    let mut miss = |what: &str| unenforced.push(what.to_owned());
    match closing.landlock {
        0 => miss(
            "this system has no Landlock: reading and writing is guarded in Python alone, other \
             programs and native code may use any file",
        ),
        1..3 => miss("this kernel's Landlock does not keep files from being truncated"),
        _ => {}
    }
    if is_closed && !closing.network {
        miss(if closing.landlock >= 4 {
            "processes may not have a network of their own here: TCP connections are refused, also \
             those to the loopback interface; others are guarded in Python alone"
        } else {
            "processes may not have a network of their own here: connections are guarded in Python \
             alone"
        });
    }
    if closing.landlock < 6 {
        // Abstract sockets belong to a network.
        miss(if closing.network && is_closed {
            "signals to other processes are not kept back by the kernel"
        } else {
            "signals to other processes, and connections to their abstract sockets, are not kept back by \
             the kernel"
        });
    }
    if !closing.mounts {
        miss("shared memory (`/dev/shm`) is shared with other processes");
    }
    Enforcement {
        landlock: closing.landlock,
        network: closing.network && is_closed,
        shared_memory: closing.mounts,
        unenforced,
    }
}
