//! Functions that load modules by name: `import_module("a.b")`, `mock.patch("a.b.c")` and their kin.

use super::{By, Edges, Source, Target, callee, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::{Condition, EdgeKind};
use crate::graph::rule::Rule;
use crate::syntax::{Loaded, Place, SiteKind, StringReference};

/// Functions that import what a string names, by the last part of how they are called.
const LOADERS: &[&str] = &[
    "MovedAttribute",
    "MovedModule",
    "__import__",
    "add_newdoc",
    "autoload",
    "delattr",
    "dictConfig",
    "filterwarnings",
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
        || matches!(&string.place, Place::Argument { callee, .. } if callee.ends_with("patch.dict"))
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
        if callee(string) == Some("run_module") {
            let main = source.names().below(&found.folders, "__main__");
            out.files(&main.files, by);
        }
        // The package may be walked once it is loaded.
        if found.depth == string.value.split('.').count() && !found.folders.is_empty() {
            let kind = EdgeKind::PackageWalk;
            let walk = By::new(string.line, kind, Rule::PackageString).when(Condition::Walker);
            out.folders(&found.folders, Target::Modules, walk);
        }
        anchored(source, string, by, out);
    }
}

/// A name that is relative to what another argument says.
fn anchored(source: &Source<'_>, string: &StringReference, by: By, out: &mut Edges) {
    let Place::Argument {
        callee, keyword, ..
    } = &string.place
    else {
        return;
    };
    let names = source.names();
    let is_from_list = keyword.as_deref() == Some("fromlist");
    let name = string.value.trim_start_matches('.');
    let level = string.value.len() - name.len();
    if !is_from_list && level == 0 {
        return;
    }
    let mut packages: Vec<u32> = Vec::new();
    for other in &source.references.strings {
        let is_given =
            matches!(&other.place, Place::Argument { callee: same, .. } if same == callee);
        if is_given && other.value != string.value && is_dotted(&other.value) {
            packages.extend(source.dotted(&other.value).folders);
        }
    }
    if !is_from_list {
        // `__name__` of a module, or of one that is imported.
        out.flags |= flag::VOLATILE;
        packages.push(source.folder);
        for import in source
            .references
            .imports
            .iter()
            .filter(|import| import.level == 0)
        {
            let module = source.absolute(&import.module);
            for name in &import.names {
                packages.extend(names.below(&module.folders, name).folders);
            }
            packages.extend(module.folders);
        }
    }
    packages.sort_unstable();
    packages.dedup();
    let up = level.saturating_sub(1);
    for package in packages {
        for up in [up, up.saturating_sub(1)] {
            if let Some(folder) = names.tree.around(package).nth(up) {
                out.files(&names.below(&[folder], name).files, by);
            }
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
