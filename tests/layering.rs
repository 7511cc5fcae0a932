//! The library flows in one direction; its `crate::` paths are held against that here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::visit::Visit;

use crate::support::repository;

/// The stages in order; those that share an entry do not know of each other.
const STAGES: &[&[&str]] = &[
    &["workspace"],
    &["syntax"],
    &["environment"],
    &["discovery", "graph"],
    &["selection"],
    &["plan"],
    &["execution"],
    &["report"],
];

/// Files that every stage may use, and that use only each other.
const VOCABULARY: &[&str] = &["error", "id", "problem"];

/// Files that may use every stage, and that no stage may use.
const ABOVE: &[&str] = &["lib", "session"];

#[test]
fn the_library_flows_in_one_direction() {
    let source = repository().join("fastest-lib/src");
    let root = fs::read_to_string(source.join("lib.rs")).unwrap();
    let exports = exports(&root);
    let mut found = Vec::new();
    for entry in ignore::Walk::new(&source) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let file = path.strip_prefix(&source).unwrap();
            found.extend(violations(file, &text, &exports));
        }
    }
    assert!(
        found.is_empty(),
        "\n{}\nThe order is {STAGES:?}; a stage uses itself, earlier stages and {VOCABULARY:?}. \
         Move what is shared to an earlier stage, or pass it in as an argument; a new stage or \
         vocabulary file is added to the lists in tests/layering.rs.\n",
        found.join("\n")
    );
}

#[test]
fn what_breaks_the_order_is_found() {
    let exports = exports("mod id; mod session; pub use id::NodeId; pub use session::Session;");
    let check = |file: &str, text: &str, expected: &[&str]| {
        let found = violations(Path::new(file), text, &exports);
        let short: Vec<_> = found
            .iter()
            .map(|line| line.split(" (").next().unwrap_or_default())
            .collect();
        assert_eq!(short, expected, "{file}: {text}");
    };
    let file = "discovery/mod.rs";
    check(
        file,
        "use crate::{NodeId, syntax::Facts, discovery::x};",
        &[],
    );
    check(
        file,
        "\nuse crate::{id::NodeId, plan::Plan};",
        &["discovery/mod.rs:2: discovery uses plan"],
    );
    check(
        file,
        "fn f() { crate::graph::g() }",
        &["discovery/mod.rs:1: discovery uses graph"],
    );
    check(
        file,
        "mod inner { use super::super::report::Report; }",
        &["discovery/mod.rs:1: discovery uses report"],
    );
    check(
        "discovery/model.rs",
        "use super::super::report::Report; use super::names;",
        &["discovery/model.rs:1: discovery uses report"],
    );
    check(
        file,
        "fn f() { assert!(crate::execution::ready()) }",
        &["discovery/mod.rs:1: discovery uses execution"],
    );
    check(
        "plan/mod.rs",
        "use crate::Session;",
        &["plan/mod.rs:1: plan uses session"],
    );
    check(
        "id.rs",
        "use crate::workspace::Config;",
        &["id.rs:1: id uses workspace"],
    );
    check(
        "session.rs",
        "use crate::{plan::Plan, report::Report};",
        &[],
    );
    check(
        "helpers/mod.rs",
        "",
        &["helpers/mod.rs: helpers is no stage and no vocabulary"],
    );
}

/// The names that the crate root re-exports, with the module that each comes from.
fn exports(root: &str) -> BTreeMap<String, String> {
    struct Exports(BTreeMap<String, String>);
    impl Visit<'_> for Exports {
        fn visit_item_use(&mut self, item: &syn::ItemUse) {
            for mut path in leaves(&item.tree) {
                path.retain(|(name, _)| name != "crate" && name != "self");
                if let ([(module, _), .., (name, _)], 2..) = (&path[..], path.len()) {
                    self.0.insert(name.clone(), module.clone());
                }
            }
        }
    }
    let mut exports = Exports(BTreeMap::new());
    exports.visit_file(&syn::parse_file(root).unwrap());
    exports.0
}

/// The uses in one file, named relative to `src`, that go against the flow.
fn violations(file: &Path, text: &str, exports: &BTreeMap<String, String>) -> Vec<String> {
    let shown = file.display();
    let module = module_path(file);
    let Some(own) = module.first().cloned() else {
        return Vec::new();
    };
    if ABOVE.contains(&own.as_str()) {
        return Vec::new();
    }
    if rank(&own).is_none() {
        return vec![format!("{shown}: {own} is no stage and no vocabulary")];
    }
    let mut uses = Uses {
        module,
        found: Vec::new(),
    };
    match syn::parse_file(text) {
        Ok(parsed) => uses.visit_file(&parsed),
        Err(error) => return vec![format!("{shown}: cannot be parsed: {error}")],
    }
    let mut violations = Vec::new();
    for (name, line) in uses.found {
        let target = exports.get(&name).unwrap_or(&name);
        if !may_use(&own, target) {
            violations.push(format!(
                "{shown}:{line}: {own} uses {target} (as crate::{name})"
            ));
        }
    }
    violations
}

fn may_use(user: &str, used: &str) -> bool {
    match (rank(user), rank(used)) {
        _ if user == used => true,
        (Some(user), Some(used)) => used < user || (user, used) == (0, 0),
        _ => false,
    }
}

/// 0 for the vocabulary, then the stages from 1.
fn rank(module: &str) -> Option<usize> {
    if VOCABULARY.contains(&module) {
        return Some(0);
    }
    let stage = STAGES.iter().position(|stage| stage.contains(&module))?;
    Some(stage + 1)
}

/// `discovery/model.rs` is `discovery::model`, `discovery/mod.rs` is `discovery`.
fn module_path(file: &Path) -> Vec<String> {
    let file = file.with_extension("");
    let mut names: Vec<String> = file
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

type Segment = (String, usize);

/// Collects the first name, below the crate root, of every path that leads there.
struct Uses {
    module: Vec<String>,
    found: Vec<Segment>,
}

impl Uses {
    fn path(&mut self, segments: &[Segment]) {
        let mut at = match segments.first() {
            Some((first, _)) if first == "crate" => Vec::new(),
            Some((first, _)) if first == "self" || first == "super" => self.module.clone(),
            _ => return,
        };
        for (name, line) in segments {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => {
                    at.pop();
                }
                _ => {
                    let top = at.first().unwrap_or(name);
                    self.found.push((top.clone(), *line));
                    return;
                }
            }
        }
    }
}

impl Visit<'_> for Uses {
    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        for path in leaves(&item.tree) {
            self.path(&path);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|part| segment(&part.ident))
            .collect();
        self.path(&segments);
        syn::visit::visit_path(self, path);
    }

    /// The arguments of a macro are tokens, not paths: every `crate::name` among them counts.
    fn visit_macro(&mut self, item: &syn::Macro) {
        let tokens = flatten(item.tokens.clone());
        for (at, (token, _)) in tokens.iter().enumerate() {
            let name = tokens.get(at + 3);
            if let (true, Some(name)) = (matches!(token.as_str(), "crate" | "super"), name) {
                let mut path = vec![tokens[at].clone(), name.clone()];
                path.extend(tokens.get(at + 6).cloned());
                self.path(&path);
            }
        }
        syn::visit::visit_macro(self, item);
    }
}

fn segment(ident: &proc_macro2::Ident) -> Segment {
    (ident.to_string(), ident.span().start().line)
}

fn flatten(tokens: proc_macro2::TokenStream) -> Vec<Segment> {
    let mut flat = Vec::new();
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => flat.extend(flatten(group.stream())),
            other => flat.push((other.to_string(), other.span().start().line)),
        }
    }
    flat
}

/// The full paths that a `use` names; a glob ends in `*`.
fn leaves(tree: &syn::UseTree) -> Vec<Vec<Segment>> {
    match tree {
        syn::UseTree::Path(path) => {
            let mut below = leaves(&path.tree);
            for leaf in &mut below {
                leaf.insert(0, segment(&path.ident));
            }
            below
        }
        syn::UseTree::Name(name) => vec![vec![segment(&name.ident)]],
        syn::UseTree::Rename(rename) => vec![vec![segment(&rename.ident)]],
        syn::UseTree::Glob(glob) => {
            let line = glob.star_token.spans[0].start().line;
            vec![vec![("*".to_owned(), line)]]
        }
        syn::UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}
