//! Strings that name modules, and reach something that loads modules by computed names.
//!
//! A string may travel far before it is loaded: a settings file names classes, a framework imports
//! them. So these edges count in a closure as soon as anything in it may load computed names.

use super::loaders::{self, is_argument};
use super::{By, Edges, Source, Target, callee, is_dotted};
use crate::graph::kind::{Condition, EdgeKind};
use crate::graph::rule::Rule;
use crate::syntax::{Place, StringReference};

/// Functions whose argument is the name of a module and which load none.
const NAMING: &[&str] = &[
    "getLogger",
    "get_logger",
    "getChild",
    "TypeVar",
    "NewType",
    "namedtuple",
];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for string in &source.references.strings {
        if is_argument(string)
            || string.place == Place::Module
            || callee(string).is_some_and(|callee| NAMING.contains(&callee))
        {
            continue;
        }
        let by = By::new(string.line, EdgeKind::StringReference, Rule::DottedString);
        let by = by.when(Condition::Loader);
        if string.is_prefix {
            if string.value.contains('.') && is_dotted(string.value.trim_end_matches('.')) {
                loaders::prefix(source, &string.value, by, out);
            }
        } else if is_dotted(&string.value) {
            name(source, string, by, out);
        }
    }
}

fn name(source: &Source<'_>, string: &StringReference, by: By, out: &mut Edges) {
    let found = source.dotted(&string.value);
    if found.is_empty() {
        return;
    }
    let is_single = !string.value.contains(['.', ':']);
    let rule = if is_single {
        Rule::NameString
    } else {
        Rule::DottedString
    };
    let by = By { rule, ..by };
    out.files(&found.files, by);
    if found.files.is_empty() {
        out.files(&found.parents, by);
    }
    let is_whole = found.depth == string.value.trim_start_matches('.').split('.').count();
    if is_whole && !found.folders.is_empty() {
        let is_list = matches!(&string.place, Place::Assigned(name) if name.ends_with("_APPS"));
        let walk = By::new(string.line, EdgeKind::PackageWalk, Rule::PackageString);
        let walk = if is_list {
            let rule = Rule::Applications;
            By { rule, ..walk }.when(Condition::Loader)
        } else {
            walk.when(Condition::Walker)
        };
        out.folders(&found.folders, Target::Modules, walk);
    }
}
