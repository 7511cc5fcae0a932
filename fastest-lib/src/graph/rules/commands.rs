//! Modules and scripts that other processes run: `python -m module`, the scripts of a distribution.

use super::{By, Edges, Source, is_dotted};
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::{Place, SiteKind};

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for string in &source.references.strings {
        let by = By::new(string.line, EdgeKind::Subprocess, Rule::ModuleOption);
        if string.place == Place::Module {
            module(source, &string.value, by, out);
        }
        let mut words = string.value.split_ascii_whitespace();
        while let Some(word) = words.next() {
            if word == "-m"
                && let Some(name) = words.next()
            {
                module(source, name, by, out);
            }
        }
        if !string.is_prefix {
            scripts(source, &string.value, string.line, out);
        }
    }
    for site in &source.references.sites {
        if let SiteKind::EntryPoints(group) = &site.kind {
            entry_points(source, group.as_deref(), site.line, out);
        }
    }
    looked_up_by_others(source, out);
}

/// A package is run by its `__main__`.
fn module(source: &Source<'_>, name: &str, by: By, out: &mut Edges) {
    if !is_dotted(name) {
        return;
    }
    let found = source.absolute(name);
    out.files(&found.files, by);
    let main = source.names().below(&found.folders, "__main__");
    if !found.folders.is_empty() {
        out.files(&main.files, by);
    }
}

fn scripts(source: &Source<'_>, text: &str, line: u32, out: &mut Edges) {
    let name = text.split_ascii_whitespace().next().unwrap_or_default();
    for project in source.setup.projects {
        for entry in &project.entry_points {
            if entry.group.ends_with("_scripts") && entry.name == name {
                let found = source.dotted(&entry.target);
                let by = By::new(line, EdgeKind::Subprocess, Rule::ConsoleScript);
                out.files(&found.files, by);
            }
        }
    }
}

fn entry_points(source: &Source<'_>, group: Option<&str>, line: u32, out: &mut Edges) {
    for project in source.setup.projects {
        for entry in &project.entry_points {
            if group.is_none_or(|group| group == entry.group) {
                let found = source.dotted(&entry.target);
                let by = By::new(line, EdgeKind::DynamicLiteral, Rule::EntryPoints);
                out.files(&found.files, by);
            }
        }
    }
}

/// A distribution looks up the entry points of the groups that bear its name.
fn looked_up_by_others(source: &Source<'_>, out: &mut Edges) {
    for project in source.setup.projects {
        for entry in &project.entry_points {
            let owner = entry
                .group
                .split(['.', '_', '-'])
                .next()
                .unwrap_or_default();
            let import =
                source.references.imports.iter().find(|import| {
                    import.level == 0 && import.module.split('.').next() == Some(owner)
                });
            if let Some(import) = import
                && source.is_foreign(owner)
            {
                let found = source.dotted(&entry.target);
                let by = By::new(import.line, EdgeKind::DynamicLiteral, Rule::EntryPoints);
                out.files(&found.files, by);
            }
        }
    }
}
