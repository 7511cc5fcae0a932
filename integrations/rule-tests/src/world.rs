//! Files, the modules that they load, and the targets that build files make.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value as Json, json};
use starlark::environment::{FrozenModule, Globals, GlobalsBuilder, LibraryExtension, Module};
use starlark::eval::{Evaluator, FileLoader};
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::values::list::AllocList;

use crate::object::natives;

/// A build system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum System {
    /// Bazel: cells are repositories.
    Bazel,
    /// Buck2.
    Buck2,
}

impl System {
    /// The stand-in's files; the last one has what rule and build files see.
    fn standins(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bazel => &[
                ("common.star", include_str!("../standins/common.star")),
                (
                    "bazel_values.star",
                    include_str!("../standins/bazel_values.star"),
                ),
                ("bazel.star", include_str!("../standins/bazel.star")),
            ],
            Self::Buck2 => &[
                ("common.star", include_str!("../standins/common.star")),
                (
                    "buck2_values.star",
                    include_str!("../standins/buck2_values.star"),
                ),
                ("buck2.star", include_str!("../standins/buck2.star")),
            ],
        }
    }

    /// The stand-in, evaluated once: nothing can change it.
    fn standin(self) -> Result<FrozenModule> {
        static BAZEL: OnceLock<FrozenModule> = OnceLock::new();
        static BUCK2: OnceLock<FrozenModule> = OnceLock::new();
        let kept = match self {
            Self::Bazel => &BAZEL,
            Self::Buck2 => &BUCK2,
        };
        if let Some(module) = kept.get() {
            return Ok(module.clone());
        }
        use LibraryExtension::{Json, Partial, StructType, Typing};
        let globals = GlobalsBuilder::extended_by(&[StructType, Json, Partial, Typing]);
        let globals = globals.with(natives).build();
        let mut loaded = Loaded(BTreeMap::new());
        for (name, text) in self.standins() {
            let ast = AstModule::parse(name, (*text).to_owned(), &Dialect::Extended);
            let ast = ast.map_err(starlark::Error::into_anyhow)?;
            let module = evaluate(ast, &globals, &loaded, None, &Kind::Rules(String::new()))?;
            loaded.0.insert((*name).to_owned(), module);
        }
        let (last, _) = self.standins()[self.standins().len() - 1];
        let module = loaded.load(last).map_err(starlark::Error::into_anyhow)?;
        Ok(kept.get_or_init(|| module).clone())
    }

    /// The names that build files may have.
    fn build_files(self) -> &'static [&'static str] {
        match self {
            Self::Bazel => &["BUILD.bazel", "BUILD"],
            Self::Buck2 => &["BUCK"],
        }
    }

    /// What is not to be evaluated as the stand-ins are: each system has a language of its own.
    fn dialect(self) -> Dialect {
        let standard = Dialect {
            enable_keyword_only_arguments: true,
            enable_load_reexport: false,
            ..Dialect::Standard
        };
        match self {
            Self::Bazel => standard,
            Self::Buck2 => Dialect {
                enable_types: DialectTypes::Enable,
                enable_f_strings: true,
                enable_top_level_stmt: true,
                ..standard
            },
        }
    }

    fn globals(self) -> Globals {
        use LibraryExtension::{Json, Partial, Print, StructType, Typing};
        let both = [StructType, Json, Print];
        match self {
            Self::Bazel => GlobalsBuilder::extended_by(&both).build(),
            Self::Buck2 => {
                GlobalsBuilder::extended_by(&[&both[..], &[Partial, Typing]].concat()).build()
            }
        }
    }
}

/// Cells, or repositories, and what is changed in their files for a test.
#[derive(Clone, Debug)]
pub struct World {
    system: System,
    /// Where each is; the one without a name is the project itself.
    cells: BTreeMap<String, PathBuf>,
    /// Files that are otherwise than on disk, or are not there.
    changed: BTreeMap<PathBuf, String>,
}

impl World {
    /// The files of a project.
    pub fn new(system: System, project: impl Into<PathBuf>) -> Self {
        Self {
            system,
            cells: BTreeMap::from([(String::new(), project.into())]),
            changed: BTreeMap::new(),
        }
    }

    /// Adds a cell, or a repository.
    #[must_use]
    pub fn with_cell(mut self, name: &str, folder: impl Into<PathBuf>) -> Self {
        self.cells.insert(name.to_owned(), folder.into());
        self
    }

    /// Has a file of a cell say something else.
    #[must_use]
    pub fn with_file(mut self, cell: &str, path: &str, text: &str) -> Self {
        let folder = self.cells.get(cell).cloned().unwrap_or_default();
        self.changed.insert(folder.join(path), text.to_owned());
        self
    }

    /// Replaces a piece of a file, which has to be there exactly once.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn replace(self, cell: &str, path: &str, from: &str, to: &str) -> Result<Self> {
        let text = self.read(cell, path)?;
        if text.matches(from).count() != 1 {
            bail!("{path} has `{from}` {} times", text.matches(from).count());
        }
        Ok(self.with_file(cell, path, &text.replace(from, to)))
    }

    /// Analyses every target of every build file, those of other cells too; gives what the stand-in's
    /// `analyse` makes of them.
    ///
    /// # Errors
    ///
    /// The first mistake, with where it was made.
    pub fn analyse(&self) -> Result<Json> {
        let mut loader = Loader::new(self)?;
        let mut packages = Vec::new();
        for (cell, folder) in &self.cells {
            let files = self.files_below(folder);
            let mut built: BTreeMap<String, String> = BTreeMap::new();
            for name in self.system.build_files().iter().rev() {
                let of_name = files.iter().filter(|file| basename(file) == *name);
                built.extend(of_name.map(|file| (parent(file).to_owned(), file.clone())));
            }
            for (package, file) in &built {
                let inside = files
                    .iter()
                    .filter(|file| owner(&built, file) == Some(package));
                packages.push((
                    cell.clone(),
                    package.clone(),
                    loader.build_file(cell, file)?,
                    inside.cloned().collect::<Vec<_>>(),
                ));
            }
        }
        loader.analyse(&packages)
    }

    /// Evaluates one file by itself and calls a function of it, or of the stand-ins, with JSON.
    ///
    /// # Errors
    ///
    /// The first mistake, with where it was made.
    pub fn call(&self, cell: &str, path: &str, function: &str, arguments: &[Json]) -> Result<Json> {
        let mut loader = Loader::new(self)?;
        let module = loader.module(cell, path)?;
        loader.call(&module, function, arguments)
    }

    /// The file that `@cell//package:file`, `//package:file` or `:file` in another one means.
    fn target_of_load(&self, cell: &str, from: &str, id: &str) -> Result<(String, String)> {
        let bad = || format!("`{id}` is no file to load: write `//package:file.bzl`");
        let (cell, package, file) = if let Some(file) = id.strip_prefix(':') {
            let package = match self.system {
                // The package is the nearest folder with a build file.
                System::Bazel => self.package_of(cell, from),
                System::Buck2 => parent(from).to_owned(),
            };
            (cell, package, file)
        } else {
            let (other, rest) = id.split_once("//").with_context(bad)?;
            let (package, file) = rest.split_once(':').with_context(bad)?;
            let other = other.trim_start_matches('@');
            (
                if other.is_empty() { cell } else { other },
                package.to_owned(),
                file,
            )
        };
        if self.system == System::Buck2 && file.contains('/') {
            bail!("`{id}` has a path where the name of a file is wanted");
        }
        let path = if package.is_empty() {
            file.to_owned()
        } else {
            format!("{package}/{file}")
        };
        Ok((cell.to_owned(), path))
    }

    fn package_of(&self, cell: &str, file: &str) -> String {
        let mut folder = parent(file);
        let is_package = |folder: &str| {
            let mut names = self.system.build_files().iter();
            names.any(|name| self.read(cell, &format!("{folder}/{name}")).is_ok())
        };
        while !folder.is_empty() && !is_package(folder) {
            folder = parent(folder);
        }
        folder.to_owned()
    }

    /// Every file of a cell, relative to it; those that only a test has too, those of other cells not.
    fn files_below(&self, folder: &Path) -> Vec<String> {
        let others: Vec<_> = self.cells.values().filter(|cell| *cell != folder).collect();
        let mut found: Vec<PathBuf> = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let path = entry.path();
                if !path.is_dir() {
                    found.push(path);
                } else if !others.contains(&&path) {
                    folders.push(path);
                }
            }
        }
        let changed = self.changed.keys().filter(|path| {
            let mut inner = others.iter().filter(|other| other.starts_with(folder));
            !inner.any(|other| path.starts_with(other))
        });
        found.extend(changed.cloned());
        let mut names: Vec<String> = found
            .iter()
            .filter_map(|path| Some(path.strip_prefix(folder).ok()?.to_str()?.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Evaluates one file by itself.
    ///
    /// # Errors
    ///
    /// The first mistake, with where it was made.
    pub fn evaluate(&self, cell: &str, path: &str) -> Result<()> {
        Loader::new(self)?.module(cell, path).map(|_| ())
    }

    fn read(&self, cell: &str, path: &str) -> Result<String> {
        let folder = self.cells.get(cell);
        let folder = folder.with_context(|| format!("there is no cell `{cell}`"))?;
        let file = folder.join(path);
        if let Some(text) = self.changed.get(&file) {
            return Ok(text.clone());
        }
        fs::read_to_string(&file).with_context(|| format!("`{cell}//{path}` cannot be loaded"))
    }
}

/// What a build file's list of targets is called once it is evaluated.
const TARGETS: &str = "native_targets";

/// The modules that are loaded so far.
struct Loader<'a> {
    world: &'a World,
    globals: Globals,
    standin: FrozenModule,
    modules: BTreeMap<(String, String), FrozenModule>,
    /// Those that are being loaded, from the first on.
    loading: Vec<(String, String)>,
}

/// What a file is evaluated for.
enum Kind {
    /// Its targets.
    Build,
    /// Its functions; it is in the package that is named, with its cell.
    Rules(String),
}

/// What a file's `load` statements name, all loaded.
struct Loaded(BTreeMap<String, FrozenModule>);

impl FileLoader for Loaded {
    fn load(&self, path: &str) -> starlark::Result<FrozenModule> {
        let module = self.0.get(path).cloned();
        module.ok_or_else(|| anyhow!("`{path}` was not loaded").into())
    }
}

type Package = (String, String, FrozenModule, Vec<String>);

impl<'a> Loader<'a> {
    fn new(world: &'a World) -> Result<Self> {
        Ok(Self {
            world,
            globals: world.system.globals(),
            standin: world.system.standin()?,
            modules: BTreeMap::new(),
            loading: Vec::new(),
        })
    }

    fn module(&mut self, cell: &str, path: &str) -> Result<FrozenModule> {
        let key = (cell.to_owned(), path.to_owned());
        if let Some(module) = self.modules.get(&key) {
            return Ok(module.clone());
        }
        if self.loading.contains(&key) {
            bail!("`{cell}//{path}` loads itself");
        }
        self.loading.push(key.clone());
        let module = self.evaluate(cell, path, false);
        self.loading.pop();
        let module = module?;
        self.modules.insert(key, module.clone());
        Ok(module)
    }

    /// A build file; its extra value is the list of its targets.
    fn build_file(&mut self, cell: &str, path: &str) -> Result<FrozenModule> {
        self.evaluate(cell, path, true)
    }

    fn evaluate(&mut self, cell: &str, path: &str, is_build_file: bool) -> Result<FrozenModule> {
        let text = self.world.read(cell, path)?;
        let name = format!("{cell}//{path}");
        let ast = AstModule::parse(&name, text, &self.world.system.dialect());
        let ast = ast.map_err(starlark::Error::into_anyhow)?;
        let mut loaded = BTreeMap::new();
        for load in ast.loads() {
            let id = load.module_id;
            let (cell, path) = self.world.target_of_load(cell, path, id)?;
            let module = self
                .module(&cell, &path)
                .with_context(|| format!("load of {id} in {name}"))?;
            loaded.insert(id.to_owned(), module);
        }
        let loaded = Loaded(loaded);
        let kind = if is_build_file {
            Kind::Build
        } else {
            Kind::Rules(format!("{cell}//{}", self.world.package_of(cell, path)))
        };
        evaluate(ast, &self.globals, &loaded, Some(&self.standin), &kind)
    }

    fn analyse(&self, packages: &[Package]) -> Result<Json> {
        let mut program = String::from("load(\"standin\", \"analyse\")\n");
        let mut loaded = BTreeMap::from([("standin".to_owned(), self.standin.clone())]);
        let mut arguments = Vec::new();
        for (at, (cell, package, build_file, files)) in packages.iter().enumerate() {
            writeln!(program, "load(\"{at}\", targets_{at} = \"{TARGETS}\")")?;
            loaded.insert(at.to_string(), build_file.clone());
            let package = json!({"cell": cell, "package": package, "files": files});
            arguments.push(format!(
                "{} | {{\"targets\": targets_{at}}}",
                literal(&package)
            ));
        }
        writeln!(program, "analyse([{}])", arguments.join(", "))?;
        result_of(program, Loaded(loaded))
    }

    fn call(&self, module: &FrozenModule, name: &str, arguments: &[Json]) -> Result<Json> {
        let loaded = BTreeMap::from([("module".to_owned(), module.clone())]);
        let arguments: Vec<String> = arguments.iter().map(literal).collect();
        let call = format!("called({})", arguments.join(", "));
        let program = format!("load(\"module\", called = \"{name}\")\n{call}\n");
        result_of(program, Loaded(loaded))
    }
}

/// A value as an expression.
fn literal(value: &Json) -> String {
    // A string of JSON is one of Starlark.
    format!("json.decode({})", Json::String(value.to_string()))
}

/// Runs a program; gives the value of its last statement.
fn result_of(program: String, loaded: Loaded) -> Result<Json> {
    let ast = AstModule::parse("the test", program, &Dialect::Extended);
    let ast = ast.map_err(starlark::Error::into_anyhow)?;
    let globals = GlobalsBuilder::extended_by(&[LibraryExtension::Json]).build();
    Module::with_temp_heap(|module| {
        let mut evaluator = Evaluator::new(&module);
        evaluator.set_loader(&loaded);
        let value = evaluator.eval_module(ast, &globals);
        value.map_err(starlark::Error::into_anyhow)?.to_json_value()
    })
}

fn evaluate(
    ast: AstModule,
    globals: &Globals,
    loaded: &Loaded,
    standin: Option<&FrozenModule>,
    kind: &Kind,
) -> Result<FrozenModule> {
    Module::with_temp_heap(|module| {
        if let Some(standin) = standin {
            module.import_public_symbols(standin);
        }
        module.set_extra_value(match kind {
            Kind::Build => module.heap().alloc(AllocList::EMPTY),
            Kind::Rules(package) => module.heap().alloc(package.as_str()),
        });
        let mut evaluator = Evaluator::new(&module);
        evaluator.set_loader(loaded);
        evaluator
            .eval_module(ast, globals)
            .map_err(starlark::Error::into_anyhow)?;
        drop(evaluator);
        if let (Kind::Build, Some(targets)) = (kind, module.extra_value()) {
            module.set(TARGETS, targets);
        }
        module
            .freeze()
            .map_err(|error| anyhow!("the module cannot be frozen: {error:?}"))
    })
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The package that a file belongs to: that of the nearest build file.
fn owner<'b>(built: &'b BTreeMap<String, String>, file: &str) -> Option<&'b String> {
    let mut folder = file;
    while !folder.is_empty() {
        folder = parent(folder);
        if let Some((package, _)) = built.get_key_value(folder) {
            return Some(package);
        }
    }
    None
}
