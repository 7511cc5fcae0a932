//! The names whose calls load, list or start something.

/// What a call of a name does, if it is what the name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// Loads a module by its name, or an object of one.
    Load,
    /// `unittest.mock.patch`, which loads what it replaces.
    Patch,
    /// Lists the modules of a package.
    Walk,
    /// Runs a file or loads it as a module.
    Run,
    /// Starts a program.
    Spawn,
    /// Starts a program if it is `subprocess`'s.
    Subprocess,
    /// Starts a program if it is `os`'s.
    OsSpawn,
    /// Lists a folder.
    List,
    /// Reads a resource of a package.
    Resource,
    /// The same, if it is `importlib.resources`'s.
    OfResources,
    /// Reads metadata if it is `importlib.metadata`'s.
    OfMetadata,
    /// One of these two.
    OfResourcesOrMetadata,
    /// Reads metadata if it is `pkg_resources`'s.
    OfPkgResources,
    /// Looks up entry points.
    EntryPoints,
    /// Changes `sys.path`.
    SearchPath,
    /// Changes `__path__`.
    ExtendPath,
    /// Gives a module a `__getattr__`.
    Lazy,
}

/// The functions that take the name of a module, or of something in one: of `importlib`, `pkgutil`,
/// `pydoc`, Django, Werkzeug, Celery, kombu, tornado, scrapy, pytest and their like.
const LOADERS: &[&str] = &[
    "import_module",
    "__import__",
    "import_string",
    "import_object",
    "import_from_string",
    "import_item",
    "import_name",
    "load_module",
    "load_class",
    "load_object",
    "resolve_name",
    "locate",
    "find_spec",
    "find_loader",
    "get_loader",
    "importorskip",
    "run_module",
    "symbol_by_name",
    "import_by_path",
    "import_attr",
    "autoload",
];

/// The loaders that are handed around, so that a mention counts as a call.
pub(super) const MENTIONED: &[&str] = &[
    "import_module",
    "__import__",
    "import_string",
    "resolve_name",
];

/// The functions that list a package's modules, mostly to import them.
const WALKERS: &[&str] = &[
    "iter_modules",
    "walk_packages",
    "find_modules",
    "iter_module_names",
    "walk_modules",
    "import_submodules",
    "import_all",
    "autodiscover_modules",
    "autodiscover_tasks",
];

/// The functions that take the path of a module's file.
const RUNNERS: &[&str] = &[
    "run_path",
    "spec_from_file_location",
    "SourceFileLoader",
    "SourcelessFileLoader",
    "ExtensionFileLoader",
    "load_source",
    "load_dynamic",
    "exec_module",
    "execfile",
];

/// The functions that start a program whatever they are called on; those of pytest's `pytester`
/// included.
const SPAWNERS: &[&str] = &[
    "Popen",
    "system",
    "popen",
    "create_subprocess_exec",
    "create_subprocess_shell",
    "runpytest",
    "runpytest_subprocess",
    "runpytest_inprocess",
    "runpython",
    "runpython_c",
    "run_pytest",
    "Process",
];

/// The functions of `subprocess` whose names others use too.
const OF_SUBPROCESS: &[&str] = &[
    "run",
    "call",
    "check_call",
    "check_output",
    "getoutput",
    "getstatusoutput",
];

/// The functions of `os` whose names others use too.
const OF_OS: &[&str] = &[
    "spawnl",
    "spawnle",
    "spawnlp",
    "spawnlpe",
    "spawnv",
    "spawnve",
    "spawnvp",
    "spawnvpe",
    "execl",
    "execle",
    "execlp",
    "execlpe",
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "posix_spawn",
    "posix_spawnp",
];

/// The functions that list a folder.
const LISTERS: &[&str] = &[
    "listdir",
    "scandir",
    "iterdir",
    "glob",
    "rglob",
    "iglob",
    "walk",
    "listdir_f",
];

/// The readers of resources that need no qualification: of `pkgutil`, `pkg_resources`, Jinja.
const READERS: &[&str] = &[
    "get_data",
    "resource_filename",
    "resource_string",
    "resource_stream",
    "resource_listdir",
    "resource_exists",
    "PackageLoader",
    "PackageResourceLoader",
];

const OF_RESOURCES: &[&str] = &[
    "read_text",
    "read_binary",
    "open_text",
    "open_binary",
    "contents",
    "is_resource",
    "path",
    "as_file",
];

const OF_METADATA: &[&str] = &[
    "version",
    "metadata",
    "distribution",
    "distributions",
    "requires",
];

const OF_PKG_RESOURCES: &[&str] = &["get_distribution", "require"];

/// The functions of `importlib.metadata`, `pkg_resources` and stevedore that find entry points.
const ENTRY_POINTS: &[&str] = &[
    "entry_points",
    "iter_entry_points",
    "get_entry_map",
    "ExtensionManager",
    "DriverManager",
    "EnabledExtensionManager",
    "NamedExtensionManager",
    "HookManager",
    "load_entry_point",
    "load_setuptools_entrypoints",
];

const SEARCH_PATH: &[&str] = &["addsitedir", "syspath_prepend"];

/// The makers of lazy modules: of `lazy_loader`, transformers, airflow.
const LAZY: &[&str] = &[
    "attach",
    "attach_stub",
    "_LazyModule",
    "LazyModule",
    "lazy_import",
    "define_lazy_modules",
];

const TABLES: &[(Callee, &[&str])] = &[
    (Callee::Load, LOADERS),
    (Callee::Patch, &["patch"]),
    (Callee::Walk, WALKERS),
    (Callee::Run, RUNNERS),
    (Callee::Spawn, SPAWNERS),
    (Callee::Subprocess, OF_SUBPROCESS),
    (Callee::OsSpawn, OF_OS),
    (Callee::List, LISTERS),
    (Callee::Resource, READERS),
    (Callee::OfResources, OF_RESOURCES),
    (Callee::OfMetadata, OF_METADATA),
    (Callee::OfResourcesOrMetadata, &["files"]),
    (Callee::OfPkgResources, OF_PKG_RESOURCES),
    (Callee::EntryPoints, ENTRY_POINTS),
    (Callee::SearchPath, SEARCH_PATH),
    (Callee::ExtendPath, &["extend_path"]),
    (Callee::Lazy, LAZY),
];

const SLOTS: usize = 512;

/// The names by [`slot`], or in the next free one.
static BY_NAME: [Option<(&str, Callee)>; SLOTS] = by_name();

const fn by_name() -> [Option<(&'static str, Callee)>; SLOTS] {
    let mut table: [Option<(&'static str, Callee)>; SLOTS] = [None; SLOTS];
    let mut index = 0;
    while index < TABLES.len() {
        let (callee, names) = TABLES[index];
        let mut name = 0;
        while name < names.len() {
            let mut at = slot(names[name].as_bytes());
            while table[at].is_some() {
                at = (at + 1) % SLOTS;
            }
            table[at] = Some((names[name], callee));
            name += 1;
        }
        index += 1;
    }
    table
}

const fn slot(word: &[u8]) -> usize {
    let len = word.len();
    (len * 83 + word[0] as usize * 7 + word[len / 2] as usize * 31 + word[len - 1] as usize) % SLOTS
}

/// Which pairs of bytes a name ends with: most calls are passed over by this alone.
static ENDINGS: [u64; 64] = endings();

const fn endings() -> [u64; 64] {
    let mut table = [0; 64];
    let mut index = 0;
    while index < TABLES.len() {
        let (_, names) = TABLES[index];
        let mut name = 0;
        while name < names.len() {
            let word = names[name].as_bytes();
            let ending = ending(word[word.len() - 2], word[word.len() - 1]);
            table[ending / 64] |= 1 << (ending % 64);
            name += 1;
        }
        index += 1;
    }
    table
}

const fn ending(before: u8, last: u8) -> usize {
    ((before & 63) as usize) << 6 | (last & 63) as usize
}

/// Whether a word with these last bytes may be one of the names.
#[inline]
pub(super) fn may_end_callee(before: u8, last: u8) -> bool {
    let ending = ending(before, last);
    ENDINGS[ending / 64] >> (ending % 64) & 1 != 0
}

/// Whether a call of this name starts a program, by that name alone.
pub(super) fn starts_program(word: &str) -> bool {
    matches!(
        callee(word),
        Some(Callee::Spawn | Callee::Subprocess | Callee::OsSpawn)
    )
}

/// What calls of this name do.
pub(super) fn callee(word: &str) -> Option<Callee> {
    if word.is_empty() {
        return None;
    }
    let mut at = slot(word.as_bytes());
    while let Some((name, callee)) = BY_NAME[at] {
        if name == word {
            return Some(callee);
        }
        at = (at + 1) % SLOTS;
    }
    None
}
