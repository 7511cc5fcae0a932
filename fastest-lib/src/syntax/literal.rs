//! The values of string, bytes and number literals.

use super::facts::Expr;

/// The value of one string literal, prefix and quotes included; `Unknown` for those that are not
/// constant or not representable (f-strings, surrogates, `\N{…}`).
pub(super) fn string(text: &str) -> Expr {
    let Some(quote_at) = text.find(['"', '\'']) else {
        return Expr::Unknown;
    };
    let (prefix, quoted) = text.split_at(quote_at);
    let prefix = prefix.to_ascii_lowercase();
    if prefix.contains(['f', 't']) {
        return Expr::Unknown;
    }
    let width = if quoted.starts_with("\"\"\"") || quoted.starts_with("'''") {
        3
    } else {
        1
    };
    let Some(body) = quoted.get(width..quoted.len().saturating_sub(width)) else {
        return Expr::Unknown;
    };
    // Python reads every line end of a source file as `\n`.
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let raw = prefix.contains('r');
    if prefix.contains('b') {
        let bytes = if raw {
            Some(body.into_bytes())
        } else {
            unescape_bytes(&body)
        };
        bytes
            .filter(|_| text.is_ascii())
            .map_or(Expr::Unknown, Expr::Bytes)
    } else if raw {
        Expr::Str(body)
    } else {
        unescape(&body).map_or(Expr::Unknown, Expr::Str)
    }
}

pub(super) fn unescape(body: &str) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escape = chars.next()?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => return None,
            _ => 0,
        };
        if digits > 0 {
            let text: String = chars.by_ref().take(digits).collect();
            out.push(char::from_u32(hex(&text, digits)?)?);
        } else {
            match simple_escape(escape, &mut chars) {
                Escaped::Code(code) => out.push(char::from_u32(code)?),
                Escaped::Nothing => {}
                Escaped::Kept => out.extend(['\\', escape]),
            }
        }
    }
    Some(out)
}

fn unescape_bytes(body: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(u8::try_from(c).ok()?);
            continue;
        }
        let escape = chars.next()?;
        if escape == 'x' {
            let text: String = chars.by_ref().take(2).collect();
            out.push(u8::try_from(hex(&text, 2)?).ok()?);
            continue;
        }
        match simple_escape(escape, &mut chars) {
            Escaped::Code(code) => out.push((code & 0xff) as u8),
            Escaped::Nothing => {}
            Escaped::Kept => out.extend([b'\\', u8::try_from(escape).ok()?]),
        }
    }
    Some(out)
}

fn hex(text: &str, digits: usize) -> Option<u32> {
    let valid = text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit());
    valid.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

enum Escaped {
    Code(u32),
    Nothing,
    Kept,
}

/// The escapes that text and bytes share.
fn simple_escape(escape: char, rest: &mut std::str::Chars<'_>) -> Escaped {
    let code = match escape {
        '\n' => return Escaped::Nothing,
        '\\' | '\'' | '"' => u32::from(escape),
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '0'..='7' => {
            let mut code = escape.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let Some(digit) = rest.as_str().chars().next().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                code = code * 8 + digit;
                rest.next();
            }
            code
        }
        _ => return Escaped::Kept,
    };
    Escaped::Code(code)
}

/// The value of an integer literal.
pub(super) fn integer(text: &str) -> Expr {
    let text = text.replace('_', "").to_ascii_lowercase();
    let parsed = match text.get(..2) {
        Some("0x") => i128::from_str_radix(&text[2..], 16),
        Some("0o") => i128::from_str_radix(&text[2..], 8),
        Some("0b") => i128::from_str_radix(&text[2..], 2),
        _ => text.parse(),
    };
    parsed.map_or(Expr::Unknown, Expr::Int)
}

/// The value of a floating point literal.
pub(super) fn float(text: &str) -> Expr {
    let text = text.replace('_', "");
    text.parse().map_or(Expr::Unknown, Expr::Float)
}
