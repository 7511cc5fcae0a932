//! The public items of a crate as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use syn::{Attribute, Expr, Fields, ImplItem, Item, TraitItem, Type, Visibility, parse_quote};

use super::modules::{Crate, Meaning, ModulePath, is_public, name_of};

/// Every public item that can be reached from the root, by module and name.
pub(super) fn listing(name: &str, krate: &Crate) -> String {
    let mut listing = Listing {
        krate,
        first_seen: BTreeMap::new(),
        text: String::new(),
    };
    listing.module(name, &Vec::new());
    format!("{}\n", listing.text.trim_end())
}

struct Listing<'c> {
    krate: &'c Crate,
    /// The public path under which each item was written out; elsewhere it is a re-export of that.
    first_seen: BTreeMap<Meaning, String>,
    text: String,
}

impl Listing<'_> {
    /// Write the module that is public as `public`, then those below it.
    fn module(&mut self, public: &str, module: &ModulePath) {
        let mut names = BTreeMap::new();
        self.names(module, &mut names);
        writeln!(self.text, "// {public}\n").unwrap();
        let mut below = Vec::new();
        for (name, export) in names {
            let path = format!("{public}::{name}");
            match export {
                Export::External(path) => writeln!(self.text, "pub use {path};\n").unwrap(),
                Export::Own(Meaning::Module(module)) => below.push((path, module)),
                Export::Own(item) => match self.first_seen.get(&item) {
                    Some(first) => writeln!(self.text, "pub use {first};\n").unwrap(),
                    None => {
                        self.item(&item, &name);
                        self.first_seen.insert(item, path);
                    }
                },
            }
        }
        for (path, module) in below {
            self.module(&path, &module);
        }
    }

    /// The public names of a module, with those that its globs bring in.
    fn names(&self, module: &ModulePath, names: &mut BTreeMap<String, Export>) {
        for item in self.krate.modules.get(module).into_iter().flatten() {
            if let Some((name, visibility)) = name_of(item)
                && is_public(visibility)
                && let Some(meaning) = self.krate.resolve(module, &["self".into(), name.clone()])
            {
                names.insert(name, Export::Own(meaning));
            }
        }
        for import in self.krate.imports(module) {
            if !import.public {
                continue;
            }
            let meaning = self.krate.resolve(module, &import.path);
            match (import.name.as_str(), meaning) {
                ("*", Some(Meaning::Module(inside))) => self.names(&inside, names),
                (_, Some(meaning)) => {
                    names.insert(import.name, Export::Own(meaning));
                }
                (_, None) => {
                    let path = import.path.join("::");
                    names.insert(import.name, Export::External(path));
                }
            }
        }
    }

    /// Write an item under the name that it is exported as, with its implementations.
    fn item(&mut self, meaning: &Meaning, exported: &str) {
        let Meaning::Item(module, name) = meaning else {
            return;
        };
        if name != exported {
            writeln!(self.text, "// {}::{name} as", module.join("::")).unwrap();
        }
        let items = &self.krate.modules[module];
        let own = |item: &&Item| name_of(item).is_some_and(|(own, _)| own == *name);
        for item in items.iter().filter(own) {
            self.text.push_str(&print(bare(item.clone(), exported)));
        }
        let mut implementations = Vec::new();
        for (module, items) in &self.krate.modules {
            for item in items {
                if let Item::Impl(item) = item
                    && let Type::Path(path) = &*item.self_ty
                {
                    let names = path.path.segments.iter();
                    let names: Vec<_> = names.map(|segment| segment.ident.to_string()).collect();
                    if self.krate.resolve(module, &names).as_ref() == Some(meaning) {
                        implementations.extend(implementation(item.clone()));
                    }
                }
            }
        }
        implementations.sort();
        self.text.push_str(&implementations.concat());
        self.text.push('\n');
    }
}

enum Export {
    Own(Meaning),
    External(String),
}

fn print(item: Item) -> String {
    prettyplease::unparse(&syn::File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    })
}

/// The public part of an `impl`: methods without bodies, or for a trait that there is one at all.
fn implementation(mut item: syn::ItemImpl) -> Option<String> {
    item.attrs.clear();
    if item.trait_.is_some() {
        item.items.clear();
        return Some(print(Item::Impl(item)));
    }
    item.items.retain_mut(|item| match item {
        ImplItem::Fn(item) => {
            item.attrs.clear();
            item.block = parse_quote!({});
            is_public(&item.vis)
        }
        ImplItem::Const(item) => {
            item.attrs.clear();
            item.expr = placeholder();
            is_public(&item.vis)
        }
        _ => false,
    });
    (!item.items.is_empty()).then(|| print(Item::Impl(item)))
}

/// The item under another name, without what its users cannot see.
fn bare(mut item: Item, name: &str) -> Item {
    let ident = syn::Ident::new(name, proc_macro2::Span::call_site());
    match &mut item {
        Item::Const(item) => {
            item.attrs.clear();
            item.ident = ident;
            *item.expr = placeholder();
        }
        Item::Enum(item) => {
            keep_visible(&mut item.attrs);
            item.ident = ident;
            for variant in &mut item.variants {
                keep_visible(&mut variant.attrs);
                for field in &mut variant.fields {
                    field.attrs.clear();
                }
            }
        }
        Item::Fn(item) => {
            item.attrs.clear();
            item.sig.ident = ident;
            item.block = parse_quote!({});
        }
        Item::Static(item) => {
            item.attrs.clear();
            item.ident = ident;
            *item.expr = placeholder();
        }
        Item::Struct(item) => {
            keep_visible(&mut item.attrs);
            item.ident = ident;
            hide_private(&mut item.fields);
        }
        Item::Trait(item) => {
            keep_visible(&mut item.attrs);
            item.ident = ident;
            for item in &mut item.items {
                match item {
                    TraitItem::Fn(item) => {
                        item.attrs.clear();
                        item.default = None;
                        item.semi_token = Some(Default::default());
                    }
                    TraitItem::Const(item) => {
                        item.attrs.clear();
                        item.default = None;
                    }
                    TraitItem::Type(item) => item.attrs.clear(),
                    _ => {}
                }
            }
        }
        Item::Type(item) => {
            item.attrs.clear();
            item.ident = ident;
        }
        Item::Union(item) => {
            keep_visible(&mut item.attrs);
            item.ident = ident;
        }
        _ => {}
    }
    item
}

/// Attributes that change what users can do.
fn keep_visible(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| {
        ["derive", "non_exhaustive"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    });
}

/// Private fields matter only as a whole: with one, users cannot build the struct.
fn hide_private(fields: &mut Fields) {
    let private: Type = parse_quote!(_);
    match fields {
        Fields::Named(fields) => {
            let all = fields.named.len();
            let public = std::mem::take(&mut fields.named).into_iter();
            fields.named = public.filter(|field| is_public(&field.vis)).collect();
            if fields.named.len() < all {
                fields.named.push(parse_quote!(_private: #private));
            }
        }
        Fields::Unnamed(fields) => {
            for field in &mut fields.unnamed {
                if !is_public(&field.vis) {
                    field.vis = Visibility::Inherited;
                    field.ty = private.clone();
                }
            }
        }
        Fields::Unit => {}
    }
    for field in fields {
        field.attrs.clear();
    }
}

fn placeholder() -> Expr {
    parse_quote!(_)
}
