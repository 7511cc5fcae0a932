//! What a file asks for by name, so that a name that comes or goes tells which files to look at again.

use xxhash_rust::xxh3::xxh3_64;

use super::kind::NodeKind;
use super::rules::strings::APPLICATION_PARTS;
use super::tree::kind_of;
use crate::syntax::{Loaded, Place, References, SiteKind};

/// What a name is known by.
pub(super) fn probe(name: &str) -> u32 {
    xxh3_64(name.as_bytes()) as u32
}

/// The same for whatever lies in a folder of that name.
pub(super) fn children(folder: &str) -> u32 {
    probe(folder) ^ 0x5bd1_e995
}

/// Whether a file makes the folders around it worth a look for modules.
pub(super) fn is_python(name: &str) -> bool {
    match kind_of(name) {
        NodeKind::Data => name
            .rsplit_once('.')
            .is_some_and(|(_, extension)| matches!(extension, "pyx" | "pyc" | "pyw")),
        _ => true,
    }
}

/// Everything that a file of that name asks for, each once.
pub(super) fn of(name: &str, references: &References, out: &mut Vec<u32>) {
    out.clear();
    let stem = name.split('.').next().unwrap_or_default();
    out.extend([probe(name), probe(stem)]);
    let lists_applications = references.strings.iter().any(|string| match &string.place {
        Place::Assigned(name) => name.ends_with("_APPS"),
        Place::Argument { keyword, .. } => {
            keyword.as_ref().is_some_and(|name| name.ends_with("_APPS"))
        }
        _ => false,
    });
    if lists_applications {
        let conventional = APPLICATION_PARTS.iter().flat_map(|parts| parts.iter());
        out.extend(conventional.map(|name| probe(name)));
    }
    let runs_packages = references.strings.iter().any(|string| match &string.place {
        Place::Module => true,
        Place::Argument { callee, .. } => callee.ends_with("run_module"),
        _ => string.value.contains("-m "),
    });
    if runs_packages {
        out.push(probe("__main__"));
    }
    let mut dotted = |text: &str| {
        let parts = text.split(['.', ':']).filter(|part| !part.is_empty());
        out.extend(parts.map(probe));
    };
    for import in &references.imports {
        dotted(&import.module);
        for name in &import.names {
            dotted(name);
        }
    }
    for site in &references.sites {
        match &site.kind {
            SiteKind::Load(Loaded::Prefix(text) | Loaded::Name(text))
            | SiteKind::Walk(Some(text))
            | SiteKind::Resource(Some(text)) => dotted(text),
            _ => {}
        }
    }
    let places = references.sites.iter().filter_map(|site| match &site.kind {
        SiteKind::Here(place) | SiteKind::SearchPath(place) => Some(&place.parts),
        _ => None,
    });
    let strings = references.strings.iter();
    let prefixes = strings.clone().filter(|string| string.is_prefix);
    let loaded = references.sites.iter().filter_map(|site| match &site.kind {
        SiteKind::Load(Loaded::Prefix(text)) => Some(text.as_str()),
        _ => None,
    });
    for text in prefixes.map(|string| string.value.as_str()).chain(loaded) {
        if let Some((package, _)) = text.rsplit_once('.') {
            out.push(children(package.rsplit('.').next().unwrap_or_default()));
        }
    }
    for text in strings.map(|string| &string.value).chain(places.flatten()) {
        for part in text.split(['/', '\\', ' ']).filter(|part| !part.is_empty()) {
            out.push(probe(part));
            if part.contains(['.', ':']) {
                out.extend(
                    part.split(['.', ':'])
                        .filter(|part| !part.is_empty())
                        .map(probe),
                );
            }
        }
    }
    out.sort_unstable();
    out.dedup();
}
