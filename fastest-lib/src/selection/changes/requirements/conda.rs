//! conda's `environment.yml`, line by line: the one shape that everyone writes.

use super::{Listing, pip};

/// Reads an environment. A line that is not understood is about all distributions.
pub(super) fn read(text: &str) -> Option<Listing> {
    let mut listing = Listing::default();
    let mut section = String::new();
    // How far the dashes below `- pip:` are indented at least.
    let mut pip: Option<usize> = None;
    for line in text.lines() {
        let line = without_comment(line);
        let content = line.trim();
        if content.is_empty() || content == "---" {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let item = content.strip_prefix("- ").map(str::trim);
        if indent == 0 && item.is_none() {
            pip = None;
            let key = content.split(':').next().unwrap_or_default();
            key.clone_into(&mut section);
            // A name for people, and a path of the machine.
            if content != format!("{key}:") && !matches!(key, "name" | "prefix") {
                listing.add_to_all(content);
            }
            continue;
        }
        let Some(item) = item.filter(|_| section == "dependencies") else {
            listing.add_to_all(format!("{section} {content}"));
            continue;
        };
        if pip.is_some_and(|outer| indent <= outer) {
            pip = None;
        }
        let item = item.trim_matches(['"', '\'']);
        if item == "pip:" {
            pip = Some(indent);
        } else if pip.is_some() {
            pip::requirement(&mut listing, "pip", item);
        } else {
            package(&mut listing, item);
        }
    }
    Some(listing)
}

/// `channel::name=version=build`.
fn package(listing: &mut Listing, item: &str) {
    let spec = item.rsplit("::").next().unwrap_or(item);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = spec.find(|c| !is_name(c)).unwrap_or(spec.len());
    let name = &spec[..end];
    let rest = spec[end..].trim_start();
    let known = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', '[', ' ']);
    // The interpreter is one of the packages here.
    if name.is_empty() || name == "python" || !known || rest.ends_with(':') {
        listing.add_to_all(item);
    } else {
        listing.add(name, item);
    }
}

/// The line without a comment, which begins it or stands behind a space.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or(line).trim_end()
}
