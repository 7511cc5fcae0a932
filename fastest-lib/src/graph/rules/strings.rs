//! Strings that name modules, and reach something that loads modules by computed names.
//!
//! A string may travel far before it is loaded: a settings file names classes, a framework imports
//! them. So these edges count in a closure as soon as anything in it may load computed names.

use super::loaders::{self, is_argument};
use super::{By, Edges, Source, Target, callee, is_dotted};
use crate::graph::kind::{Condition, EdgeKind};
use crate::graph::names::Found;
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
        if string.place == Place::Doctest && !source.setup.doctests {
            continue;
        }
        if matches!(string.place, Place::Code | Place::Doctest) {
            let by = By::new(string.line, EdgeKind::DynamicLiteral, Rule::CodeString);
            out.files(&source.dotted(&string.value).files, by);
            continue;
        }
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
    let parts = string
        .value
        .split(['.', ':'])
        .filter(|part| !part.is_empty());
    let is_single = parts.clone().count() == 1 && !string.value.starts_with('.');
    let found = if is_single {
        // One word is too little to go by where it is not even on the path.
        let starts = source.names().near(source.folder, &string.value);
        source.names().below(&starts, &string.value)
    } else {
        source.dotted(&string.value)
    };
    if found.is_empty() || (!is_single && found.depth == 1 && is_file_name(&string.value)) {
        return;
    }
    // So it is where nothing but one word leads there, and the rest would be an attribute.
    if !is_single && found.depth == 1 && !string.value.contains(':') {
        let top = string.value.split('.').next().unwrap_or_default();
        let is_absolute = !string.value.starts_with('.');
        if is_absolute && source.names().near(source.folder, top).is_empty() {
            return;
        }
    }
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
    if found.depth == parts.count() && !found.folders.is_empty() {
        let walk = By::new(string.line, EdgeKind::PackageWalk, Rule::PackageString);
        let walk = walk.when(Condition::Walker);
        out.folders(&found.folders, Target::Modules, walk);
        if is_application(string) {
            application(source, &found, string.line, out);
        }
    }
}

/// Whether a text is rather the name of a file.
fn is_file_name(text: &str) -> bool {
    let extension = text.rsplit('.').next().unwrap_or_default();
    matches!(
        extension,
        "cfg"
            | "conf"
            | "csv"
            | "css"
            | "gz"
            | "html"
            | "ini"
            | "js"
            | "json"
            | "lock"
            | "log"
            | "md"
            | "po"
            | "py"
            | "pyi"
            | "rst"
            | "so"
            | "sql"
            | "svg"
            | "toml"
            | "txt"
            | "xml"
            | "yaml"
            | "yml"
            | "zip"
    )
}

/// Whether a string stands in a list of applications, as Django's settings have it.
fn is_application(string: &StringReference) -> bool {
    let name = match &string.place {
        Place::Assigned(name) => Some(name),
        Place::Argument { keyword, .. } => keyword.as_ref(),
        _ => None,
    };
    name.is_some_and(|name| name.ends_with("_APPS"))
}

/// The modules of an application that Django and its companions load by convention.
const CONVENTIONAL: &[&str] = &[
    "admin",
    "apps",
    "checks",
    "consumers",
    "models",
    "receivers",
    "routing",
    "serializers",
    "signals",
    "tasks",
    "translation",
    "urls",
];

/// Packages of an application all of whose modules are loaded.
const CONVENTIONAL_PACKAGES: &[&str] = &["management", "migrations", "models", "templatetags"];

/// Folders of an application that are read.
const CONVENTIONAL_FOLDERS: &[&str] = &["fixtures", "jinja2", "locale", "static", "templates"];

/// Everything in an application that is looked for by name.
pub(in crate::graph) const APPLICATION_PARTS: [&[&str]; 3] =
    [CONVENTIONAL, CONVENTIONAL_PACKAGES, CONVENTIONAL_FOLDERS];

fn application(source: &Source<'_>, found: &Found, line: u32, out: &mut Edges) {
    let names = source.names();
    let by = By::new(line, EdgeKind::StringReference, Rule::Applications);
    let by = by.when(Condition::Loader);
    for name in CONVENTIONAL {
        out.files(&names.below(&found.folders, name).files, by);
    }
    for folder in &found.folders {
        for name in CONVENTIONAL_PACKAGES {
            if let Some(folder) = names.subfolder(*folder, name) {
                let kind = EdgeKind::PackageWalk;
                out.add(Target::Modules(folder), By { kind, ..by });
            }
        }
        for name in CONVENTIONAL_FOLDERS {
            if let Some(folder) = names.subfolder(*folder, name) {
                let kind = EdgeKind::Data;
                out.add(Target::Folder(folder), By { kind, ..by });
            }
        }
    }
}
