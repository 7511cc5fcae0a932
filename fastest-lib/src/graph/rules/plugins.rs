//! What pytest loads for a test besides its own file: `conftest.py` files and plugins.

use super::{By, Edges, Source, Target, is_dotted};
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::Place;

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    named_plugins(source, out);
    if source.is_test {
        conftests(source, out);
        for (module, rule) in &source.setup.plugins {
            let found = source.dotted(module);
            let by = By::new(0, EdgeKind::Plugin, *rule);
            out.files(&found.files, by);
            if found.files.is_empty() {
                out.files(&found.parents, by);
            }
        }
    }
}

fn conftests(source: &Source<'_>, out: &mut Edges) {
    let Some(cut) = source.setup.conftests else {
        return;
    };
    let tree = source.names().tree;
    for folder in tree.around(source.folder) {
        if let Some(conftest) = tree.file_in(folder, "conftest.py") {
            let by = By::new(0, EdgeKind::Conftest, Rule::Conftest);
            out.add(Target::File(conftest), by);
        }
        if folder == cut {
            break;
        }
    }
}

fn named_plugins(source: &Source<'_>, out: &mut Edges) {
    for string in &source.references.strings {
        if matches!(&string.place, Place::Assigned(name) if name == "pytest_plugins")
            && is_dotted(&string.value)
        {
            let found = source.dotted(&string.value);
            let by = By::new(string.line, EdgeKind::Plugin, Rule::PytestPlugins);
            out.files(&found.files, by);
            out.files(&found.parents, by);
        }
    }
}
