//! The modules of a crate as they are written, and what a name in one of them stands for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Item, UseTree, Visibility};

/// The path of a module from the crate root; empty for the root itself.
pub(super) type ModulePath = Vec<String>;

/// Every module of a crate with its items; test modules are left out.
pub(super) struct Crate {
    pub(super) modules: BTreeMap<ModulePath, Vec<Item>>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Module(ModulePath),
    Item(ModulePath, String),
}

/// One name that a `use` brings in: the path it comes from and the name it gets, `*` for a glob.
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    pub(super) public: bool,
}

impl Crate {
    /// The crate whose root is the file `lib`.
    pub(super) fn read(lib: &Path) -> Self {
        let mut found = Self {
            modules: BTreeMap::new(),
        };
        let text = fs::read_to_string(lib).unwrap();
        let folder = lib.parent().unwrap();
        found.add(Vec::new(), parse(&text, lib), Some(folder));
        found
    }

    /// The crate whose only file is `text`.
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Self {
            modules: BTreeMap::new(),
        };
        found.add(Vec::new(), parse(text, Path::new("lib.rs")), None);
        found
    }

    /// Add the module at `path`, whose own modules are files below `folder`.
    fn add(&mut self, path: ModulePath, items: Vec<Item>, folder: Option<&Path>) {
        for item in &items {
            let Item::Mod(module) = item else { continue };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let below = folder.map(|folder| folder.join(&name));
            let items = match (&module.content, &below) {
                (Some((_, items)), _) => items.clone(),
                (None, Some(below)) => {
                    let mut file = below.with_extension("rs");
                    if !file.exists() {
                        file = below.join("mod.rs");
                    }
                    let text = fs::read_to_string(&file).unwrap_or_else(|error| {
                        panic!("{}: {error}", file.display());
                    });
                    parse(&text, &file)
                }
                (None, None) => continue,
            };
            let mut child = path.clone();
            child.push(name);
            self.add(child, items, below.as_deref());
        }
        self.modules.insert(path, items);
    }

    /// What the path stands for inside `module`; `None` for what another crate defines.
    pub(super) fn resolve(&self, module: &ModulePath, path: &[String]) -> Option<Meaning> {
        // Far more than any chain of re-exports; an import of itself ends here.
        self.resolve_within(module, path, 32)
    }

    fn resolve_within(&self, module: &ModulePath, path: &[String], depth: u8) -> Option<Meaning> {
        let depth = depth.checked_sub(1)?;
        let (first, mut rest) = path.split_first()?;
        let mut meaning = match first.as_str() {
            "crate" => Meaning::Module(Vec::new()),
            "self" => Meaning::Module(module.clone()),
            "super" => Meaning::Module(module.split_last()?.1.to_vec()),
            name => self.look_up(module, name, depth)?,
        };
        while let Some((next, after)) = rest.split_first() {
            let Meaning::Module(inside) = &meaning else {
                // An associated item or a variant belongs to its type.
                return Some(meaning);
            };
            meaning = match next.as_str() {
                "super" => Meaning::Module(inside.split_last()?.1.to_vec()),
                name => self.look_up(inside, name, depth)?,
            };
            rest = after;
        }
        Some(meaning)
    }

    fn look_up(&self, module: &ModulePath, name: &str, depth: u8) -> Option<Meaning> {
        let items = self.modules.get(module)?;
        for item in items {
            if name_of(item).is_some_and(|(own, _)| own == name) {
                return Some(match item {
                    Item::Mod(_) => {
                        let mut child = module.clone();
                        child.push(name.to_owned());
                        Meaning::Module(child)
                    }
                    _ => Meaning::Item(module.clone(), name.to_owned()),
                });
            }
        }
        let imports = self.imports(module);
        let named = imports.iter().filter(|import| import.name == name);
        let globs = imports.iter().filter(|import| import.name == "*");
        named
            // `use name::name` would look itself up.
            .filter(|import| import.path.as_slice() != [name])
            .find_map(|import| self.resolve_within(module, &import.path, depth))
            .or_else(|| {
                globs.into_iter().find_map(|import| {
                    match self.resolve_within(module, &import.path, depth)? {
                        Meaning::Module(inside) => {
                            self.look_up(&inside, name, depth.checked_sub(1)?)
                        }
                        Meaning::Item(..) => None,
                    }
                })
            })
    }

    /// The names that the `use` declarations of a module bring in.
    pub(super) fn imports(&self, module: &ModulePath) -> Vec<Import> {
        let mut imports = Vec::new();
        for item in self.modules.get(module).into_iter().flatten() {
            if let Item::Use(item) = item {
                let public = is_public(&item.vis);
                collect_imports(&item.tree, &mut Vec::new(), public, &mut imports);
            }
        }
        imports
    }
}

/// The name and the visibility of an item that has both.
pub(super) fn name_of(item: &Item) -> Option<(String, &Visibility)> {
    let (ident, visibility) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Mod(item) if !is_for_tests(&item.attrs) => (&item.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        Item::Union(item) => (&item.ident, &item.vis),
        _ => return None,
    };
    Some((ident.to_string(), visibility))
}

pub(super) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |ident: syn::Ident| ident == "test";
        attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(is_test)
    })
}

fn parse(text: &str, file: &Path) -> Vec<Item> {
    match syn::parse_file(text) {
        Ok(parsed) => parsed.items,
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

fn collect_imports(
    tree: &UseTree,
    prefix: &mut Vec<String>,
    public: bool,
    imports: &mut Vec<Import>,
) {
    let mut leaf = |last: Option<&syn::Ident>, name: String| {
        let mut path = prefix.clone();
        path.extend(last.map(ToString::to_string));
        imports.push(Import { path, name, public });
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            collect_imports(&path.tree, prefix, public, imports);
            prefix.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            let name = prefix.last().cloned().unwrap_or_default();
            leaf(None, name);
        }
        UseTree::Name(name) => leaf(Some(&name.ident), name.ident.to_string()),
        UseTree::Rename(rename) => leaf(Some(&rename.ident), rename.rename.to_string()),
        UseTree::Glob(_) => leaf(None, "*".to_owned()),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect_imports(tree, prefix, public, imports);
            }
        }
    }
}
