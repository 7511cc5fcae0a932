//! pytest's `python_classes` and `python_functions`: prefixes or globs.

use regex::Regex;

/// One of the two settings, ready to match.
pub(super) struct Naming {
    prefixes: Vec<String>,
    globs: Vec<Regex>,
}

impl Naming {
    pub(super) fn new(patterns: &[String]) -> Self {
        Self {
            prefixes: patterns.to_vec(),
            globs: patterns
                .iter()
                .filter(|pattern| pattern.contains(['*', '?', '[']))
                .filter_map(|pattern| Regex::new(&translate(pattern)).ok())
                .collect(),
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        // pytest skips what every module and class has, which is all of this shape.
        if name.starts_with("__") && name.ends_with("__") {
            return false;
        }
        self.prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
            || self.globs.iter().any(|glob| glob.is_match(name))
    }
}

/// The regular expression for a shell pattern as Python's `fnmatch` reads it.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            '[' => match class(rest.as_str()) {
                Some((text, length)) => {
                    out.push_str(&text);
                    for _ in 0..length {
                        rest.next();
                    }
                }
                None => out.push_str(r"\["),
            },
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

/// The character class that begins after a `[`, and how many characters it takes up.
fn class(rest: &str) -> Option<(String, usize)> {
    let chars: Vec<char> = rest.chars().collect();
    let negated = chars.first() == Some(&'!');
    let start = usize::from(negated);
    // A `]` right at the beginning stands for itself.
    let end = (start + 1..chars.len()).find(|&at| chars[at] == ']')?;
    let mut text = String::from(if negated { "[^" } else { "[" });
    for &c in &chars[start..end] {
        if matches!(c, '\\' | '[' | ']' | '^' | '&' | '~') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push(']');
    Some((text, end + 1))
}
