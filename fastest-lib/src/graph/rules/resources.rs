//! Resources of packages and metadata of distributions.

use super::paths::{Leads, follow};
use super::{By, Edges, Source, Target, callee, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::{Place, SiteKind};

/// Functions that read a resource of the package which their first argument names.
const READERS: &[&str] = &[
    "PackageLoader",
    "PackageResourceLoader",
    "contents",
    "files",
    "get_data",
    "is_resource",
    "open_binary",
    "open_text",
    "path",
    "read_binary",
    "read_text",
    "resource_exists",
    "resource_filename",
    "resource_listdir",
    "resource_stream",
    "resource_string",
];

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    for site in &source.references.sites {
        match &site.kind {
            SiteKind::Resource(argument) => {
                resources(source, argument.as_deref(), site.line, out);
            }
            SiteKind::Metadata => metadata(source, site.line, out),
            _ => {}
        }
    }
}

/// The files of the package that the strings of this file name; all of them where none is named.
fn resources(source: &Source<'_>, argument: Option<&str>, line: u32, out: &mut Edges) {
    let strings = &source.references.strings;
    let mut folders = match argument {
        Some(written) => source.package(written),
        None => Vec::new(),
    };
    if folders.is_empty() {
        let given = strings.iter().filter(|string| {
            callee(string).is_some_and(|callee| READERS.contains(&callee))
                && is_dotted(&string.value)
        });
        for string in given {
            let found = source.dotted(&string.value);
            // The package is imported.
            let by = By::new(string.line, EdgeKind::DynamicLiteral, Rule::Resource);
            out.files(&found.files, by);
            folders.extend(found.folders);
        }
    }
    out.flags |= flag::VOLATILE;
    let by = By::new(line, EdgeKind::Data, Rule::Resource);
    for folder in folders {
        let mut any = false;
        for string in strings
            .iter()
            .filter(|string| string.place != Place::Joined)
        {
            if let Some(leads) = follow(source, folder, &string.value, string.is_prefix) {
                any = true;
                let target = match leads {
                    Leads::File(file) => Target::File(file),
                    Leads::Folder(folder) => Target::Folder(folder),
                };
                out.add(
                    target,
                    By {
                        line: string.line,
                        ..by
                    },
                );
            }
        }
        if !any {
            out.add(Target::Folder(folder), by);
        }
    }
}

/// The metadata of distributions that are installed from the workspace lie beside their modules.
fn metadata(source: &Source<'_>, line: u32, out: &mut Edges) {
    let names = source.names();
    out.flags |= flag::VOLATILE;
    for (at, folder) in names.tree.folders.iter().enumerate() {
        if folder.path.ends_with(".egg-info") || folder.path.ends_with(".dist-info") {
            let by = By::new(line, EdgeKind::Data, Rule::Metadata);
            out.add(Target::Folder(crate::graph::tree::number(at)), by);
        }
    }
}
