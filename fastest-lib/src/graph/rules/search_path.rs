//! Folders that files put on `sys.path`.

use crate::graph::names::Names;
use crate::graph::tree::Tree;
use crate::syntax::{References, SiteKind, Whereabouts};

/// The folders that a statement puts on `sys.path`, in a file of that folder.
pub(in crate::graph) fn folders(
    tree: &Tree,
    names: &Names<'_>,
    folder: u32,
    references: &References,
    place: &Whereabouts,
) -> Vec<u32> {
    let follow = |from: u32, path: &str| -> Option<u32> {
        let mut at = from;
        for part in path.split(['/', '\\']) {
            at = match part {
                "" | "." => at,
                ".." if at == 0 => return None,
                ".." => tree.folders[at as usize].parent,
                part => names.subfolder(at, part)?,
            };
        }
        Some(at)
    };
    let above = |up: u32| tree.around(folder).nth(up.max(1) as usize - 1);
    let path = place.parts.join("/");
    if let Some(up) = place.up {
        return above(up)
            .and_then(|from| follow(from, &path))
            .into_iter()
            .collect();
    }
    let mut found: Vec<u32> = Vec::new();
    if !path.is_empty() {
        found.extend(tree.around(folder).filter_map(|from| follow(from, &path)));
        return found;
    }
    // A name that was given a path elsewhere in the file.
    for site in &references.sites {
        if let SiteKind::Here(place) = &site.kind {
            let path = place.parts.join("/");
            let from = place.up.and_then(above);
            found.extend(from.and_then(|from| follow(from, &path)));
        }
    }
    found
}
