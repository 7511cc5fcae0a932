use std::path::Path;

/// A pattern of Python's `fnmatch`: `*`, `?`, `[seq]`, `[!seq]` over the whole text, where nothing
/// is special about `/` or a leading dot.
#[derive(Clone, Debug)]
pub(crate) struct Fnmatch(Vec<Token>);

#[derive(Clone, Debug)]
enum Token {
    Char(char),
    Any,
    Star,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Char(expected) => *expected == c,
            Self::Any | Self::Star => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

impl Fnmatch {
    /// Reads a pattern; every text is one.
    pub(crate) fn new(pattern: &str) -> Self {
        let pattern: Vec<char> = pattern.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&c) = pattern.get(at) {
            at += 1;
            match c {
                '*' => {
                    if !matches!(tokens.last(), Some(Token::Star)) {
                        tokens.push(Token::Star);
                    }
                }
                '?' => tokens.push(Token::Any),
                '[' => match class_end(&pattern, at) {
                    Some(end) => {
                        tokens.push(class(&pattern[at..end]));
                        at = end + 1;
                    }
                    None => tokens.push(Token::Char('[')),
                },
                other => tokens.push(Token::Char(other)),
            }
        }
        Self(tokens)
    }

    /// Whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut token = 0;
        // Where to resume when the tokens after the last star fail: one more character goes to it.
        let mut star: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            if let Some(Token::Star) = self.0.get(token) {
                token += 1;
                star = Some((token, rest.clone()));
                continue;
            }
            let mut ahead = rest.clone();
            let matched = match (self.0.get(token), ahead.next()) {
                (None, None) => return true,
                (Some(expected), Some(c)) => expected.accepts(c),
                _ => false,
            };
            if matched {
                rest = ahead;
                token += 1;
                continue;
            }
            let Some((resume, from)) = &mut star else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            token = *resume;
            rest = from.clone();
        }
    }
}

/// Where the `]` of a class that begins at `start` is. A `]` that comes first is a member.
fn class_end(pattern: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    if pattern.get(at) == Some(&'!') {
        at += 1;
    }
    if pattern.get(at) == Some(&']') {
        at += 1;
    }
    (at..pattern.len()).find(|&at| pattern[at] == ']')
}

/// The class that the text between the brackets describes. A range whose ends are the wrong way
/// round is empty; a hyphen that stands first, last or right after a range is a member.
fn class(inside: &[char]) -> Token {
    let negated = inside.first() == Some(&'!');
    let members = &inside[usize::from(negated)..];
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(&low) = members.get(at) {
        match (members.get(at + 1), members.get(at + 2)) {
            (Some('-'), Some(&high)) => {
                if low <= high {
                    ranges.push((low, high));
                }
                at += 3;
            }
            _ => {
                ranges.push((low, low));
                at += 1;
            }
        }
    }
    Token::Class { negated, ranges }
}

/// A pattern of pytest for paths: without a separator it is held against the name alone, with one
/// against the whole path, at any depth unless the pattern is absolute.
#[derive(Clone, Debug)]
pub(crate) struct PathPattern {
    matcher: Fnmatch,
    whole: bool,
}

impl PathPattern {
    /// Reads a pattern that will be held against absolute paths.
    pub(crate) fn new(pattern: &str) -> Self {
        let whole = pattern.contains(std::path::is_separator);
        let matcher = if whole && !Path::new(pattern).is_absolute() {
            Fnmatch::new(&format!("*{}{pattern}", std::path::MAIN_SEPARATOR))
        } else {
            Fnmatch::new(pattern)
        };
        Self { matcher, whole }
    }

    /// Whether an absolute path, whose last part is `name`, matches.
    pub(crate) fn matches(&self, path: &Path, name: &str) -> bool {
        if self.whole {
            self.matcher.matches(&path.to_string_lossy())
        } else {
            self.matcher.matches(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnmatch_is_pythons() {
        let check = |pattern: &str, text: &str, expected: bool| {
            let matched = Fnmatch::new(pattern).matches(text);
            assert_eq!(matched, expected, "{pattern:?} against {text:?}");
        };
        check("test_*.py", "test_a.py", true);
        check("test_*.py", "test_.py", true);
        check("test_*.py", "test.py", false);
        check("*_test.py", "a_test_test.py", true);
        check("a*b*c", "aXbXbXc", true);
        check("a*b*c", "aXbXbX", false);
        check("*", "", true);
        check("?", "é", true);
        check("?", "", false);
        check(".*", ".git", true);
        check("*", ".git", true);
        check("*/x", "a/b/x", true);
        check("{arch}", "{arch}", true);
        check("[ab]", "b", true);
        check("[!ab]", "b", false);
        check("[!ab]", "c", true);
        check("[a-c]x", "bx", true);
        check("[c-a]", "b", false);
        check("[!c-a]", "b", true);
        check("[]]", "]", true);
        check("[!]]", "]", false);
        check("[a-]", "-", true);
        check("[-a]", "-", true);
        check("[a-c-e]", "-", true);
        check("[a-c-e]", "d", false);
        check("[^a]", "^", true);
        check("[^a]", "b", false);
        check("[open", "[open", true);
        check("a\\*", "a\\b", true);
    }

    #[test]
    fn a_separator_makes_the_pattern_hold_the_whole_path() {
        let check = |pattern: &str, path: &str, expected: bool| {
            let path = Path::new(path);
            let name = path.file_name().unwrap().to_str().unwrap();
            let matched = PathPattern::new(pattern).matches(path, name);
            assert_eq!(matched, expected, "{pattern} against {}", path.display());
        };
        check("build", "/w/build", true);
        check("build", "/w/build2", false);
        check("tests/build", "/w/tests/build", true);
        check("tests/build", "/w/build", false);
        check(
            "tests/**/doc/test*.py",
            "/tests/foo/bar/doc/test_foo.py",
            true,
        );
        check("/w/*", "/w/a/b", true);
        check("/w/*", "/v/w/a", false);
    }
}
