//! `pkgutil.iter_modules`, `walk_packages` and their kin.

use super::{By, Edges, Source, Target, callee, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::SiteKind;

/// Functions that go through the modules of a package which is named.
const WALKERS: &[&str] = &[
    "autodiscover_modules",
    "autodiscover_tasks",
    "find_modules",
    "import_all",
    "import_submodules",
    "iter_module_names",
    "iter_modules",
    "walk_modules",
    "walk_packages",
];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for site in &source.references.sites {
        let SiteKind::Walk(argument) = &site.kind else {
            continue;
        };
        let by = By::new(site.line, EdgeKind::PackageWalk, Rule::PackageWalk);
        let mut folders = argument
            .as_deref()
            .map(|written| source.package(written))
            .unwrap_or_default();
        for string in &source.references.strings {
            let is_given = callee(string).is_some_and(|callee| WALKERS.contains(&callee));
            if is_given && is_dotted(&string.value) {
                folders.extend(source.dotted(&string.value).folders);
            }
        }
        if folders.is_empty() {
            out.flags |= flag::WALKER;
            out.unresolved(source, site.line, Rule::PackageWalk);
        }
        out.folders(&folders, Target::Modules, by);
    }
}
