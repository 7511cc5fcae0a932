//! What the kernel lets the process of a closed unit reach: rulesets of Landlock, made here because
//! the dispatcher knows what is declared, and entered by the process itself, which gets them as
//! descriptors.

use std::path::{Path, PathBuf};

/// Folders of the system: programs and the libraries that they and the interpreter load. Not `/usr`
/// as a whole, because projects lie there too.
const SYSTEM: &[&str] = &[
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/sbin",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local/bin",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/nix/store",
    "/gnu/store",
    // What they read of the kernel and of the machine.
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/ld.so.conf.d",
    "/etc/pki",
    "/etc/ssl",
    "/etc/terminfo",
];

/// Files of the system that libraries read whatever a program does.
const SYSTEM_FILES: &[&str] = &[
    "/etc/bash.bashrc",
    "/etc/debian_version",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/profile",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/timezone",
];

/// Devices that hold nothing.
const DEVICES: &[&str] = &[
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// Memory that processes share by name; each unit has its own where it may mount.
pub(super) const SHARED_MEMORY: &str = "/dev/shm";

/// The paths that all units of a run may use.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    /// Files and folders that may be read.
    pub(super) read: Vec<PathBuf>,
    /// Files and folders that may be read and written.
    pub(super) write: Vec<PathBuf>,
    /// Folders that may be listed with all below them, though not all there may be read.
    pub(super) list: Vec<PathBuf>,
}

impl Grounds {
    /// What the system has, and these folders of the interpreter, without the project, which may
    /// lie within one of them.
    pub(super) fn new(rootdir: &Path, interpreter: &[PathBuf]) -> Self {
        let system = SYSTEM.iter().chain(SYSTEM_FILES).map(PathBuf::from);
        let mut read = Vec::new();
        for path in system.chain(interpreter.iter().cloned()) {
            around(&path, rootdir, &mut read);
        }
        read.sort();
        read.dedup();
        Self {
            read,
            write: DEVICES.iter().map(PathBuf::from).collect(),
            list: vec![rootdir.to_owned()],
        }
    }
}

/// Adds `path`, or what is in it beside the way to `hole`.
fn around(path: &Path, hole: &Path, found: &mut Vec<PathBuf>) {
    let real = path.canonicalize();
    let (Ok(real), Ok(hole)) = (real, hole.canonicalize()) else {
        return;
    };
    if !hole.starts_with(&real) {
        found.push(path.to_owned());
        return;
    }
    if hole == real {
        return;
    }
    for entry in std::fs::read_dir(&real).into_iter().flatten().flatten() {
        around(&entry.path(), &hole, found);
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::Ruleset;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
        Ruleset as New, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
        make_bitflags,
    };

    use super::Grounds;

    /// The newest interface whose rights are used; what the kernel does not have of them is left
    /// out, and was said to be.
    const NEWEST: ABI = ABI::V9;

    /// The rights of all units of a run, opened once.
    #[derive(Debug)]
    pub(crate) struct Ruleset {
        shared: Vec<(PathFd, BitFlags<AccessFs>)>,
        no_connections: bool,
    }

    impl Ruleset {
        /// Opens what all units may use. `no_connections` has TCP refused altogether, where that
        /// is not done in a better way.
        pub(crate) fn open(grounds: &Grounds, no_connections: bool) -> Self {
            let mut shared = Vec::new();
            let mut open = |paths: &[PathBuf], access: BitFlags<AccessFs>| {
                // What is not there need not be allowed.
                let opened = paths.iter().filter_map(|path| PathFd::new(path).ok());
                shared.extend(opened.map(|fd| (fd, access)));
            };
            open(&grounds.read, read());
            open(&grounds.write, write());
            open(&grounds.list, AccessFs::ReadDir.into());
            Self {
                shared,
                no_connections,
            }
        }

        /// The ruleset of one unit: what all may use, `inputs` to read, `writable` for anything.
        pub(crate) fn of<'p>(
            &self,
            inputs: impl Iterator<Item = &'p Path>,
            writable: impl Iterator<Item = &'p Path>,
        ) -> Result<Option<OwnedFd>, RulesetError> {
            let mut new = New::default()
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(handled())?
                .scope(Scope::from_all(NEWEST))?;
            if self.no_connections {
                new = new.handle_access(AccessNet::ConnectTcp)?;
            }
            let mut ruleset = new.create()?;
            for (fd, access) in &self.shared {
                ruleset = ruleset.add_rule(PathBeneath::new(fd, *access))?;
            }
            for path in inputs {
                ruleset = allow(ruleset, path, read())?;
            }
            for path in writable {
                ruleset = allow(ruleset, path, write())?;
            }
            Ok(ruleset.into())
        }
    }

    fn allow(
        ruleset: RulesetCreated,
        path: &Path,
        access: BitFlags<AccessFs>,
    ) -> Result<RulesetCreated, RulesetError> {
        match PathFd::new(path) {
            Ok(fd) => ruleset.add_rule(PathBeneath::new(fd, access)),
            // Not there, so there is nothing to allow.
            Err(_) => Ok(ruleset),
        }
    }

    /// Requests to devices are not looked at: few devices can be opened.
    fn handled() -> BitFlags<AccessFs> {
        AccessFs::from_all(NEWEST) & !AccessFs::IoctlDev
    }

    fn read() -> BitFlags<AccessFs> {
        make_bitflags!(AccessFs::{Execute | ReadFile | ReadDir})
    }

    fn write() -> BitFlags<AccessFs> {
        handled() & !make_bitflags!(AccessFs::{MakeChar | MakeBlock})
    }
}
