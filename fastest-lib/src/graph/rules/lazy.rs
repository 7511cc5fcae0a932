//! Modules that load their submodules on demand, and name them in strings.

use super::{By, Edges, Source, is_dotted};
use crate::graph::flat::flag;
use crate::graph::kind::EdgeKind;
use crate::graph::rule::Rule;
use crate::syntax::{Loaded, Place, SiteKind};

pub(super) fn apply(source: &Source<'_>, out: &mut Edges) {
    let loads = source.references.sites.iter().any(|site| match &site.kind {
        SiteKind::LazyModule => true,
        SiteKind::Load(loaded) => !matches!(loaded, Loaded::Prefix(text) if !text.starts_with('.')),
        _ => false,
    });
    if !loads {
        return;
    }
    out.flags |= flag::VOLATILE;
    for string in &source.references.strings {
        let value = string.value.trim_start_matches('.');
        if matches!(string.place, Place::Code | Place::Doctest)
            || string.is_prefix
            || value.is_empty()
            || !is_dotted(value)
        {
            continue;
        }
        let found = source.names().below(&[source.folder], value);
        if found.depth == value.split(['.', ':']).count() || value.contains(':') {
            let by = By::new(string.line, EdgeKind::DynamicLiteral, Rule::LazyModule);
            out.files(&found.files, by);
        }
    }
}
