//! In which order things stand in build files that are formatted.

/// The place of an attribute: those of equal rank follow their names.
pub(crate) fn attribute_rank(name: &str) -> i32 {
    match name {
        "name" => -99,
        "size" => -95,
        "timeout" => -94,
        "testonly" => -93,
        "src" => -92,
        "srcs" => -90,
        "out" => -89,
        "outs" => -88,
        "hdrs" => -87,
        "deps" => 4,
        _ => 0,
    }
}

/// The key by which items of a list are sorted: files, labels of the package, of others, of other
/// repositories; the parts between dots and colons one by one.
fn key(label: &str) -> (u8, Vec<&str>, &str) {
    let phase = if label.starts_with(':') {
        1
    } else if label.starts_with("//") {
        2
    } else if label.starts_with('@') {
        3
    } else {
        0
    };
    (phase, label.split([':', '.']).collect(), label)
}

/// Sorts items by their values.
pub(crate) fn sort_labels<T>(items: &mut [T], label: impl Fn(&T) -> &str) {
    items.sort_by(|a, b| key(label(a)).cmp(&key(label(b))));
}

/// Whether one label of a file to load comes before another.
pub(crate) fn loads_before(one: &str, other: &str) -> bool {
    let key = |label: &'_ str| {
        let (package, file) = label.split_once(':').unwrap_or((label, ""));
        (
            !label.starts_with('@'),
            package.is_empty(),
            package.to_owned(),
            file.to_owned(),
        )
    };
    key(one) < key(other)
}
