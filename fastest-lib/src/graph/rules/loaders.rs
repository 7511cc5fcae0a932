//! Functions that load modules by name: `import_module("a.b")`, `mock.patch("a.b.c")` and their kin.

use super::{By, Edges, Source, callee, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::{Loaded, Place, SiteKind, StringReference};

/// Functions that import what a string names, by the last part of how they are called.
const LOADERS: &[&str] = &[
    "__import__",
    "autoload",
    "delattr",
    "dictConfig",
    "find_loader",
    "find_spec",
    "from_object",
    "get_loader",
    "import_attr",
    "import_by_path",
    "import_from_string",
    "import_item",
    "import_module",
    "import_name",
    "import_object",
    "import_string",
    "importorskip",
    "include",
    "lazy_import",
    "loadTestsFromName",
    "loadTestsFromNames",
    "load_class",
    "load_extension",
    "load_module",
    "load_object",
    "locate",
    "multiple",
    "patch",
    "resolve_name",
    "run_module",
    "setattr",
    "symbol_by_name",
];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for string in &source.references.strings {
        if is_argument(string) {
            argument(source, string, out);
        }
    }
    for site in &source.references.sites {
        if let SiteKind::Load(loaded) = &site.kind {
            computed(source, loaded, site.line, out);
        }
    }
}

/// Whether a string is what a loader is given.
pub(super) fn is_argument(string: &StringReference) -> bool {
    callee(string).is_some_and(|callee| LOADERS.binary_search(&callee).is_ok())
}

fn argument(source: &Source<'_>, string: &StringReference, out: &mut Edges) {
    let by = By::new(string.line, EdgeKind::DynamicLiteral, Rule::LoaderArgument);
    if string.is_prefix {
        prefix(source, &string.value, by, out);
    } else if is_dotted(&string.value) {
        let found = source.dotted(&string.value);
        out.files(&found.files, by);
        if found.files.is_empty() {
            out.files(&found.parents, by);
        }
    }
}

/// The modules whose names begin so; whether the package that they are in is the workspace's.
pub(super) fn prefix(source: &Source<'_>, text: &str, by: By, out: &mut Edges) -> bool {
    let by = By {
        rule: Rule::LoaderPrefix,
        ..by
    };
    let (package, start) = match text.rsplit_once('.') {
        Some((package, start)) => (package, start),
        None => return false,
    };
    let folders = if package.trim_start_matches('.').is_empty() {
        out.flags |= flag::VOLATILE;
        let level = u32::try_from(package.len() + 1).unwrap_or(u32::MAX);
        let found = source.relative(level, "");
        found.map(|found| found.folders).unwrap_or_default()
    } else {
        let found = source.dotted(package);
        let parts = package.trim_start_matches('.').split('.').count();
        out.files(&found.files, by);
        if found.depth < parts {
            return found.depth > 0;
        }
        found.folders
    };
    for folder in &folders {
        let mut children = Vec::new();
        source.names().children(*folder, start, &mut children);
        out.files(&children, by);
    }
    !folders.is_empty()
}

fn computed(source: &Source<'_>, loaded: &Loaded, line: u32, out: &mut Edges) {
    match loaded {
        Loaded::Prefix(text) => {
            let by = By::new(line, EdgeKind::DynamicLiteral, Rule::LoaderPrefix);
            if prefix(source, text, by, out) {
                return;
            }
            let top = text.split('.').next().unwrap_or_default();
            if text.contains('.') && source.is_foreign(top) {
                return;
            }
        }
        Loaded::Name(name) if name == "__name__" || name == "__package__" => return,
        Loaded::Name(name) => {
            // A constant of the same file.
            let mut is_known = false;
            for string in &source.references.strings {
                if matches!(&string.place, Place::Assigned(to) if to == name)
                    && !string.is_prefix
                    && is_dotted(&string.value)
                {
                    let found = source.dotted(&string.value);
                    let by = By::new(line, EdgeKind::DynamicLiteral, Rule::LoaderArgument);
                    out.files(&found.files, by);
                    is_known |= !found.is_empty();
                }
            }
            out.flags |= flag::LOADER;
            if is_known {
                return;
            }
        }
        _ => {}
    }
    out.flags |= flag::LOADER;
    out.unresolved(source, line, Rule::LoaderArgument);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(LOADERS.is_sorted());
    }
}
