//! The rules by which edges come about, by name.

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A rule that makes edges. Its name is in every answer that explains itself, and can be
        /// switched off in `[tool.fastest.graph]`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name of the rule.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What the rule does, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc, "\n"),+).trim_ascii(),)+ }
            }
        }
    };
}

rules! {
    /// An import statement leads to the modules that it names.
    Import = "import",
    /// A package's `__all__` names modules that a star import loads.
    AllNames = "all-names",
    /// A file in a package needs the package's `__init__.py`.
    ParentInit = "parent-init",
    /// A stub belongs to its module, for type checkers.
    Stub = "stub",
    /// A symbolic link is what it points to.
    Symlink = "symlink",
    /// A compiled module is made from the source beside it.
    ExtensionSource = "extension-source",
    /// The `conftest.py` of a folder and of those above it applies to its tests.
    Conftest = "conftest",
    /// `pytest_plugins` names modules.
    PytestPlugins = "pytest-plugins",
    /// `-p` in addopts names a module.
    PluginOption = "plugin-option",
    /// An entry point `pytest11` of a distribution of the workspace is a plugin of every test.
    PluginEntryPoint = "plugin-entry-point",
    /// A setting of the ini file names a module, which a plugin loads.
    IniString = "ini-string",
    /// A function that loads modules or patches their attributes is given a literal name.
    LoaderArgument = "loader-argument",
    /// A loader's name begins with a literal package.
    LoaderPrefix = "loader-prefix",
    /// A module that loads its submodules on demand names them in strings.
    LazyModule = "lazy-module",
    /// A dotted string names a module, and something reached loads modules by computed names.
    DottedString = "dotted-string",
    /// A string names a top-level module, and something reached loads modules by computed names.
    NameString = "name-string",
    /// A string names a package, and something reached walks packages.
    PackageString = "package-string",
    /// An import statement stands in a text, which another process or `exec` may run.
    CodeString = "code-string",
    /// A setting lists applications, whose modules frameworks load by convention.
    Applications = "applications",
    /// `-m` names a module that another process runs.
    ModuleOption = "module-option",
    /// A string is the name of a script that a distribution of the workspace installs.
    ConsoleScript = "console-script",
    /// `iter_modules` and the like walk a package that is known.
    PackageWalk = "package-walk",
    /// Entry points of the workspace are looked up.
    EntryPoints = "entry-points",
    /// A string is the path of a file or folder, from the folder of the file or one above it.
    PathString = "path-string",
    /// A path is made from `__file__`.
    FilePath = "file-path",
    /// The folder of a file is listed.
    Listing = "listing",
    /// A package's resources are read.
    Resource = "resource",
    /// The configuration of a project declares files as a package's data.
    PackageData = "package-data",
    /// The metadata of the workspace's distributions are read.
    Metadata = "metadata",
    /// Plugins read the folder that has a test file's name.
    Datadir = "datadir",
    /// A folder holds files.
    Folder = "folder",
    /// A place that cannot be resolved may lead anywhere below its import root.
    Unresolved = "unresolved",
    /// `[tool.fastest.graph]` declares the edge.
    Declared = "declared",
    /// The test was seen to read the file.
    Recorded = "recorded",
}

impl Rule {
    /// The rule of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    pub(super) fn of(code: u8) -> Self {
        Self::ALL
            .get(usize::from(code))
            .copied()
            .unwrap_or(Self::Folder)
    }

    pub(super) fn code(self) -> u8 {
        self as u8
    }
}
