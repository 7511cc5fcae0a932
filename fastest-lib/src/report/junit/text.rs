//! The words of a report: names, messages, and what XML can hold.

use crate::NodeId;

/// The longest `message` attribute; the element's text holds the whole, as in pytest 9.
const MESSAGE_BUDGET: usize = 500;

/// The class and the name of a test case: the path with dots and the classes, then the rest.
pub(super) fn address(id: &NodeId) -> (String, String) {
    let path = id.path();
    let module = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    let mut names = vec![module];
    names.extend(id.names().into_iter().map(ToOwned::to_owned));
    let name = names.pop().unwrap_or_default();
    (names.join("."), name)
}

/// Keeps whole lines while they fit, and says what it left out.
pub(super) fn shorten(message: &str) -> String {
    let lines: Vec<&str> = message.lines().collect();
    let mut kept = String::new();
    let mut count = 0;
    let mut size = 0;
    for line in &lines {
        let length = line.chars().count() + 1;
        if count > 0 && size + length > MESSAGE_BUDGET {
            break;
        }
        if count > 0 {
            kept.push('\n');
        }
        kept.push_str(line);
        size += length;
        count += 1;
    }
    let cut = kept.chars().count() > MESSAGE_BUDGET;
    if cut {
        kept = kept.chars().take(MESSAGE_BUDGET).collect::<String>() + "...";
    }
    match lines.len() - count {
        0 if !cut => message.to_owned(),
        0 => format!("{kept}\n[truncated; full report in element text]"),
        1 => format!("{kept}\n[+1 more line; full report in element text]"),
        more => format!("{kept}\n[+{more} more lines; full report in element text]"),
    }
}

/// Spells out the characters that XML cannot hold, as pytest does.
pub(super) fn escape(text: &str) -> String {
    let legal = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{80}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    };
    if text.chars().all(legal) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match u32::from(c) {
            _ if legal(c) => c.to_string(),
            code @ 0..=0xff => format!("#x{code:02X}"),
            code => format!("#x{code:04X}"),
        })
        .collect()
}

/// A text as Python's `repr` shows it.
pub(super) fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut shown = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c == quote => shown.extend(['\\', c]),
            c if c.is_control() => shown.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_dotted() {
        let check = |id: &str, classname: &str, name: &str| {
            let got = address(&NodeId::new(id));
            assert_eq!((got.0.as_str(), got.1.as_str()), (classname, name), "{id}");
        };
        check("a/test_b.py::test_c[x::y]", "a.test_b", "test_c[x::y]");
        check("test_b.py::TestC::test_d", "test_b.TestC", "test_d");
        check("a/test_b.py", "", "a.test_b");
    }

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(escape("a\u{7}b\u{7f}\u{ffff}\n"), "a#x07b#x7F#xFFFF\n");
    }

    #[test]
    fn text_is_quoted_as_python_quotes_it() {
        assert_eq!(python_repr("a'b\n"), "\"a'b\\n\"");
        assert_eq!(python_repr("'\"\\\u{1}"), "'\\'\"\\\\\\x01'");
    }

    #[test]
    fn long_messages_are_cut_at_lines() {
        assert_eq!(shorten("short"), "short");
        let long = format!("first\n{}\nlast", "x".repeat(600));
        assert_eq!(
            shorten(&long),
            "first\n[+2 more lines; full report in element text]"
        );
    }
}
