//! What belongs to packages and modules by where they lie: `__init__.py`, stubs, `__all__`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{By, Edges, Source, Target, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::{Condition, EdgeKind, NodeKind};
use crate::graph::names::Names;
use crate::graph::rule::Rule;
use crate::syntax::Place;

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    if let Some(init) = around(source.names(), source.folder, source.kind()) {
        out.add(
            Target::File(init),
            By::new(0, EdgeKind::ParentInit, Rule::ParentInit),
        );
    }
    let stem = source.name().trim_end_matches(".py");
    if let Some(stub) = source.names().stub(source.folder, stem) {
        let by = By::new(0, EdgeKind::TypeChecking, Rule::Stub);
        out.add(Target::File(stub), by.when(Condition::TypeChecking));
    }
    if source.kind() == NodeKind::Package {
        all_names(source, out);
        package_data(source, out);
    }
}

/// The `__init__.py` that runs before a file: of its folder, or of the nearest around it.
///
/// A folder in between that is no package can be part of a package all the same, and of tests in it
/// pytest sets up the packages around.
pub(in crate::graph) fn around(names: &Names<'_>, folder: u32, kind: NodeKind) -> Option<u32> {
    let skip = usize::from(kind == NodeKind::Package);
    let mut folders = names.tree.around(folder).skip(skip);
    folders.find_map(|folder| names.init(folder))
}

/// `from package import *` imports the modules that `__all__` names.
fn all_names(source: &Source<'_>, out: &mut Edges) {
    for string in &source.references.strings {
        if matches!(&string.place, Place::Assigned(name) if name == "__all__")
            && !string.is_prefix
            && is_dotted(&string.value)
        {
            let found = source.names().below(&[source.folder], &string.value);
            let by = By::new(string.line, EdgeKind::FromImport, Rule::AllNames);
            out.files(&found.files, by);
        }
    }
}

/// The files that the project declares as this package's data.
fn package_data(source: &Source<'_>, out: &mut Edges) {
    let tree = source.names().tree;
    let own = tree.folders[source.folder as usize].path.as_str();
    let base = &tree.folders[source.names().base(source.folder) as usize].path;
    let name = own[base.len()..].trim_start_matches('/').replace('/', ".");
    for project in source.setup.projects {
        let is_here = own.strip_prefix(project.folder.as_str());
        let is_here = is_here.is_some_and(|rest| {
            project.folder.is_empty() || rest.is_empty() || rest.starts_with('/')
        });
        if !is_here {
            continue;
        }
        let globs = project.package_data.iter();
        let globs =
            globs.filter(|(package, _)| matches!(package.as_str(), "*" | "") || *package == name);
        let Some(globs) = set(globs.flat_map(|(_, globs)| globs)) else {
            continue;
        };
        out.flags |= flag::VOLATILE;
        let by = By::new(0, EdgeKind::Data, Rule::PackageData);
        for folder in &tree.folders {
            let inside = folder.path.strip_prefix(own);
            let inside = inside.filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let Some(inside) = inside else { continue };
            let inside = inside.trim_start_matches('/');
            for at in folder.files.0..folder.files.1 {
                let file = &tree.files[at as usize];
                let path = crate::graph::tree::join(inside, &file.name);
                // A marker for type checkers, as stubs are.
                let is_typing = file.kind == NodeKind::Stub || file.name == "py.typed";
                if !file.kind.is_source() && !is_typing && globs.is_match(&path) {
                    out.add(Target::File(at), by);
                }
            }
        }
    }
}

fn set<'g>(globs: impl Iterator<Item = &'g String>) -> Option<GlobSet> {
    let mut set = GlobSetBuilder::new();
    let mut any = false;
    for glob in globs {
        if let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() {
            set.add(glob);
            any = true;
        }
    }
    set.build().ok().filter(|_| any)
}
