//! Python's rules for text, where they differ from Rust's.

/// Whether Python's `str.strip` takes `c` for white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.rstrip`.
pub(crate) fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// Whether the text begins with white space.
pub(crate) fn is_indented(text: &str) -> bool {
    text.starts_with(is_space)
}

/// Python's `str.splitlines`: more characters than `\n` end a line.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let mut result = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        );
        if ends {
            result.push(&text[start..at]);
            if c == '\r' {
                chars.next_if(|&(_, next)| next == '\n');
            }
            start = chars.peek().map_or(text.len(), |&(next, _)| next);
        }
    }
    if start < text.len() {
        result.push(&text[start..]);
    }
    result
}

/// Splits as Python's `shlex.split` does: POSIX quoting, no comments, and inside double quotes a
/// backslash escapes only `"` and `\`.
///
/// # Errors
/// What is wrong with the quoting, as a fragment.
pub(crate) fn shell_split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("no closing quotation")? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("no closing quotation")? {
                        '"' => break,
                        '\\' => {
                            let escaped = chars.next().ok_or("no escaped character")?;
                            if !matches!(escaped, '"' | '\\') {
                                word.push('\\');
                            }
                            word.push(escaped);
                        }
                        other => word.push(other),
                    }
                }
            }
            '\\' => {
                let escaped = chars.next().ok_or("no escaped character")?;
                word.get_or_insert_default().push(escaped);
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The candidate nearest to `word`, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= word.chars().count().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

/// The number of single-character edits between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_shlex_does() {
        let check = |text: &str, expected: Result<&[&str], &str>| {
            let words = shell_split(text);
            let words: Result<Vec<&str>, _> = words
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect())
                .map_err(|error| *error);
            assert_eq!(words.as_deref().map_err(|error| *error), expected, "{text}");
        };
        check("", Ok(&[]));
        check("-ra  -q\n--tb=short", Ok(&["-ra", "-q", "--tb=short"]));
        check("-m 'not slow'", Ok(&["-m", "not slow"]));
        check(r#"-k "a \"b\" \$c""#, Ok(&["-k", r#"a "b" \$c"#]));
        check("a#b # c", Ok(&["a#b", "#", "c"]));
        check("'' x\"\"y", Ok(&["", "xy"]));
        check(r"a\ b", Ok(&["a b"]));
        check("'open", Err("no closing quotation"));
        check("end\\", Err("no escaped character"));
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        let check = |text: &str, expected: &[&str]| assert_eq!(lines(text), expected, "{text:?}");
        check("", &[]);
        check("a\n\nb", &["a", "", "b"]);
        check("a\r\nb\rc\u{2028}d\u{c}", &["a", "b", "c", "d"]);
    }

    #[test]
    fn nearest_is_near() {
        let keys = ["workers", "engine", "junit-xml"];
        assert_eq!(nearest("worker", keys), Some("workers"));
        assert_eq!(nearest("junit_xml", keys), Some("junit-xml"));
        assert_eq!(nearest("colour", keys), None);
    }
}
