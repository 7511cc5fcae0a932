//! pip's requirements files.

use super::Listing;

/// Reads a requirements or constraints file. Every text can be read: a line that names no
/// distribution is about all of them.
pub(super) fn read(text: &str) -> Option<Listing> {
    let mut listing = Listing::default();
    for line in logical_lines(text) {
        requirement(&mut listing, "", &line);
    }
    Some(listing)
}

/// Lines without comments, those that end in a backslash joined with the next.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let is_comment = line.trim_start().starts_with('#');
        if let Some(start) = line.strip_suffix('\\').filter(|_| !is_comment) {
            open.push_str(start);
            open.push(' ');
            continue;
        }
        if !is_comment {
            open.push_str(line);
        }
        lines.push(std::mem::take(&mut open));
    }
    lines.push(open);
    let lines = lines.iter().map(|line| {
        // A `#` within a word belongs to a URL.
        let mut words = line.split_whitespace();
        let words: Vec<&str> = words
            .by_ref()
            .take_while(|word| !word.starts_with('#'))
            .collect();
        words.join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// One line of a requirements file, in its words.
pub(in super::super) fn requirement(listing: &mut Listing, place: &str, line: &str) {
    let said = format!("{place} {}", compact(line));
    let editable = ["-e ", "--editable ", "--editable=", "-e"]
        .iter()
        .find_map(|option| line.strip_prefix(option));
    let (what, is_option) = match editable {
        Some(rest) => (rest.trim(), false),
        None => (line, line.starts_with('-')),
    };
    let name = if is_option {
        None
    } else {
        name_in_url(what).or_else(|| name_of_requirement(what))
    };
    match name {
        Some(name) => listing.add(name, said),
        None => listing.add_to_all(said),
    }
}

/// The text without spaces, which mean nothing in a requirement.
pub(super) fn compact(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The name with which a requirement of PEP 508 begins: none for a path or URL.
pub(in super::super) fn name_of_requirement(text: &str) -> Option<&str> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let ends_well = rest.is_empty() || rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';', '@'])
        // pip's options for one requirement.
        || rest.starts_with("--");
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_file = rest.is_empty() && [".whl", ".zip", ".gz"].iter().any(|s| name.ends_with(s));
    (starts_well && ends_well && !is_file).then_some(name)
}

/// The name that a URL or path without a name of its own tells: `#egg=` or that of a wheel.
fn name_in_url(text: &str) -> Option<&str> {
    let location = text.split([' ', ';']).next().unwrap_or(text);
    if let Some((_, egg)) = location.split_once("egg=") {
        return name_of_requirement(egg.split('&').next().unwrap_or(egg));
    }
    let path = location.split(['#', '?']).next().unwrap_or(location);
    let file = path.rsplit('/').next()?.strip_suffix(".whl")?;
    file.split('-').next().filter(|name| !name.is_empty())
}
