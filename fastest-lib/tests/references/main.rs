//! What files refer to, by tables, against CPython's `ast` and on random text.

mod imports;
mod problems;
mod random;
mod sites;
mod stdlib;
mod strings;

use fastest_lib::syntax::{ImportStatement, Place, StringReference, references};

/// An import statement as `context ..module: names`.
fn import(import: &ImportStatement) -> String {
    let dots = ".".repeat(import.level as usize);
    let names = import.names.join(" ");
    let names = if names.is_empty() {
        names
    } else {
        format!(": {names}")
    };
    format!("{:?} {dots}{}{names}", import.context, import.module)
}

/// A string as `value` and its place; `…` after a prefix.
fn string(string: &StringReference) -> String {
    let goes_on = if string.is_prefix { "…" } else { "" };
    let place = match &string.place {
        Place::Path => " /".to_owned(),
        Place::Joined => " joined".to_owned(),
        Place::Module => " -m".to_owned(),
        Place::Code => " import".to_owned(),
        Place::Doctest => " >>>".to_owned(),
        Place::Argument {
            callee,
            position,
            keyword: None,
        } => format!(" {callee}({position})"),
        Place::Argument {
            callee,
            position,
            keyword: Some(keyword),
        } => format!(" {callee}({position}, {keyword}=)"),
        Place::Assigned(name) => format!(" {name} ="),
        Place::Other => String::new(),
        place => format!(" {place:?}"),
    };
    format!("{}{goes_on}{place}", string.value)
}

fn imports_of(source: &str) -> Vec<String> {
    let found = references(source.as_bytes());
    found.imports.iter().map(import).collect()
}

fn strings_of(source: &str) -> Vec<String> {
    let found = references(source.as_bytes());
    found.strings.iter().map(string).collect()
}

fn sites_of(source: &str) -> Vec<String> {
    let found = references(source.as_bytes());
    let sites = found.sites.iter();
    sites
        .map(|site| format!("{} {:?}", site.line, site.kind))
        .collect()
}

#[test]
fn a_file_without_references_has_none() {
    for source in ["", "\n", "x = 1\n", "\"\"\"import a\"\"\"", "# import a"] {
        assert_eq!(references(source.as_bytes()), Default::default());
    }
}
