//! Logical lines that mention `__file__`, `sys.path` and their like, read with all their tokens.

use memchr::memmem;

use super::facts::{Loaded, SiteKind, Whereabouts};
use super::scan::Scanner;
use super::sites::is_mentioned_loader;
use super::tokens::{Kind, Prefix, Token, Tokens, assigns, word_end};
use super::values::{LONGEST, Value};

/// What is searched for in a file: text of which each word is a part that matters.
const SEARCHED: &[&str] = &[
    "__file__",
    "__path__",
    "TYPE_CHECKING",
    "import_",
    "parent",
    "dirname",
    "resolve_name",
    "sys.path",
];

impl<'s> Scanner<'s> {
    /// Notes where words stand for which logical lines are read again.
    pub(super) fn mark(&mut self) {
        let mentions_file = memmem::find(self.bytes, b"__file__").is_some();
        for searched in SEARCHED {
            if !mentions_file && matches!(*searched, "parent" | "dirname") {
                continue;
            }
            for at in memmem::find_iter(self.bytes, searched.as_bytes()) {
                let start = self.word_start(at);
                let end = word_end(self.bytes, at + searched.len());
                let word = &self.bytes[start..end];
                let is_marked = match *searched {
                    // The call of a loader is a site by itself.
                    "import_" | "resolve_name" => {
                        is_mentioned_loader(word) && self.byte(end) != b'('
                    }
                    "parent" => matches!(word, b"parent" | b"parents"),
                    _ => word == searched.as_bytes(),
                };
                if is_marked {
                    self.mentions_type_checking |= *searched == "TYPE_CHECKING";
                    self.marks.push(start);
                }
            }
        }
        self.marks.sort_unstable();
    }

    /// Reads the logical line again if a mark lies in it.
    pub(super) fn end_marked_line(&mut self) {
        let mut is_marked = std::mem::take(&mut self.is_marked);
        while let Some(&mark) = self.marks.get(self.next_mark)
            && mark < self.at
        {
            is_marked |= mark >= self.logical;
            self.next_mark += 1;
        }
        if is_marked {
            let tokens: Vec<Token> = Tokens::new(self.bytes, self.logical, self.at).collect();
            self.read_again(&tokens);
        }
    }

    fn read_again(&mut self, tokens: &[Token]) {
        let line = Line::new(self.bytes, tokens);
        let mut is_import = false;
        let mut has_search_path = false;
        let mut extends_path = false;
        let mut up = None;
        let mut module = None;
        for (index, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Word {
                is_import &= !line.is(index, ";");
                continue;
            }
            let word = line.text(index);
            let is_attribute = index > 0 && line.is(index - 1, ".");
            let is_called = line.is(index + 1, "(");
            match word {
                b"import" => is_import = true,
                _ if is_import => {}
                b"__file__" => {
                    if up.is_none() {
                        module = self.owner(&line, index);
                    }
                    up.get_or_insert(0);
                }
                _ if up.is_none() && !is_attribute && line.goes_up(index) => {
                    let mut known = self.heres.iter().rev();
                    let known = known.find(|(name, _)| name.as_bytes() == word);
                    up = known.map(|(_, above)| *above);
                }
                b"__path__" => {
                    let is_changed = line.is(index + 1, ".")
                        && [&b"append"[..], b"extend", b"insert"].contains(&line.text(index + 2));
                    extends_path |= is_changed || line.is_target(index);
                }
                b"TYPE_CHECKING" if !is_attribute => {
                    self.assigns_type_checking |=
                        line.is_target(index) && !line.assigns_false() || line.is(index + 1, ":=");
                }
                b"sys" if line.is(index + 1, ".") && line.text(index + 2) == b"path" => {
                    let is_changed = line.is(index + 3, ".")
                        && [&b"append"[..], b"extend", b"insert"].contains(&line.text(index + 4))
                        && line.is(index + 5, "(");
                    has_search_path |= is_changed || line.is_target(index);
                }
                b"addsitedir" | b"syspath_prepend" => has_search_path |= is_called,
                _ if is_mentioned_loader(word) && !is_called => {
                    let is_defined = index > 0 && line.text(index - 1) == b"def";
                    if !is_defined {
                        let newlines = &self.bytes[self.logical..token.start];
                        let newlines = memchr::memchr_iter(b'\n', newlines).count();
                        let at = self.logical_line + u32::try_from(newlines).unwrap_or_default();
                        self.site(at, SiteKind::Load(Loaded::Other));
                    }
                }
                _ => {}
            }
        }
        if extends_path {
            self.site(self.logical_line, SiteKind::ExtendPath);
        }
        if up.is_none() && !has_search_path {
            return;
        }
        let whereabouts = Whereabouts {
            up: up.map(|above| line.folders_up().saturating_add(above)),
            parts: self.parts(tokens),
            module,
            name: line.target_name().map(str::to_owned),
        };
        if up.is_some() {
            if let (Some(name), Some(above), true) = (
                &whereabouts.name,
                whereabouts.up,
                whereabouts.parts.is_empty() && whereabouts.module.is_none(),
            ) {
                self.heres.push((name.clone(), above));
            }
            self.site(self.logical_line, SiteKind::Here(whereabouts.clone()));
        }
        if has_search_path {
            self.site(self.logical_line, SiteKind::SearchPath(whereabouts));
        }
    }

    /// What the word at a place is an attribute of.
    fn owner(&self, line: &Line<'_>, index: usize) -> Option<String> {
        let is_attribute = |index: usize| index > 1 && line.is(index - 1, ".");
        let mut first = index;
        while is_attribute(first) {
            if line.tokens[first - 2].kind != Kind::Word {
                return Some(String::new());
            }
            first -= 2;
        }
        let from = line.tokens[first].start;
        let to = line.tokens[index].start;
        let text = self.text.get(from..to).unwrap_or_default().trim_end();
        let text = text.strip_suffix('.').unwrap_or(text).trim_end();
        (first < index).then(|| text.to_owned())
    }

    /// The texts of the strings among tokens, as far as they may be paths.
    fn parts(&self, tokens: &[Token]) -> Vec<String> {
        let mut parts = Vec::new();
        let mut value = Value::default();
        let mut end_value = |value: &mut Value| {
            let texts = value.segments().map(|(text, _)| text);
            let kept = texts.filter(|text| {
                !text.is_empty() && text.len() <= LONGEST && !text.contains(['\n', '\r'])
            });
            parts.extend(kept.map(str::to_owned));
            value.clear();
        };
        for (index, token) in tokens.iter().enumerate() {
            let text = self.text.get(token.start..token.end).unwrap_or_default();
            match token.kind {
                Kind::Text(Prefix {
                    is_format, is_raw, ..
                }) => {
                    if is_format {
                        value.push_format(text, is_raw);
                    } else {
                        value.push_body(text, is_raw);
                    }
                }
                Kind::FormatStart | Kind::FormatEnd => {}
                _ => end_value(&mut value),
            }
            if index + 1 == tokens.len() {
                end_value(&mut value);
            }
        }
        parts
    }
}

/// The tokens of a logical line, to look back and ahead in.
struct Line<'l> {
    bytes: &'l [u8],
    tokens: &'l [Token],
    /// The operators outside of brackets that assign.
    assignments: Vec<usize>,
    /// How many brackets are open at each token.
    depths: Vec<u32>,
}

impl<'l> Line<'l> {
    fn new(bytes: &'l [u8], tokens: &'l [Token]) -> Self {
        let mut line = Self {
            bytes,
            tokens,
            assignments: Vec::new(),
            depths: Vec::with_capacity(tokens.len()),
        };
        let mut depth: u32 = 0;
        for (index, token) in tokens.iter().enumerate() {
            let text = &bytes[token.start..token.end];
            match (token.kind, text) {
                (Kind::Operator, b"(" | b"[" | b"{") | (Kind::FieldOpen, _) => depth += 1,
                (Kind::Operator, b")" | b"]" | b"}") | (Kind::FieldClose, _) => {
                    depth = depth.saturating_sub(1);
                }
                (Kind::Operator, _) if depth == 0 && assigns(text) && text != b":=" => {
                    line.assignments.push(index);
                }
                _ => {}
            }
            line.depths.push(depth);
        }
        line
    }

    fn text(&self, index: usize) -> &'l [u8] {
        match self.tokens.get(index) {
            Some(token) if !matches!(token.kind, Kind::Text(_)) => {
                &self.bytes[token.start..token.end]
            }
            _ => b"",
        }
    }

    fn is(&self, index: usize, operator: &str) -> bool {
        self.text(index) == operator.as_bytes()
    }

    /// Whether something is assigned to what this word is a part of.
    fn is_target(&self, index: usize) -> bool {
        if self.depths[index] > 0 {
            return false;
        }
        // A colon ends a header, or begins the annotation of what the statement begins with.
        let is_first = index == 0 || self.is(index - 1, ";") || self.is(index - 1, ":");
        let ends = |&at: &usize| {
            self.depths[at] == 0 && (self.is(at, ";") || self.is(at, ":") && !is_first)
        };
        let end = (index..self.tokens.len()).find(ends);
        let end = end.unwrap_or(self.tokens.len());
        let mut assignments = self.assignments.iter();
        assignments.any(|at| (index..end).contains(at))
    }

    /// Whether the folder above what this word stands for is meant.
    fn goes_up(&self, index: usize) -> bool {
        let is_parent =
            self.is(index + 1, ".") && matches!(self.text(index + 2), b"parent" | b"parents");
        let is_argument = index >= 2
            && self.is(index - 1, "(")
            && self.text(index - 2) == b"dirname"
            && self.is(index + 1, ")");
        is_parent || is_argument
    }

    /// The name that the line begins by assigning, the last part of a dotted one.
    fn target_name(&self) -> Option<&'l str> {
        let first = *self.assignments.first()?;
        let mut name = None;
        for index in 0..first {
            match self.tokens[index].kind {
                Kind::Word => name = Some(self.text(index)),
                Kind::Operator if self.is(index, ".") => {}
                // What follows is an annotation.
                Kind::Operator if self.is(index, ":") && name.is_some() => break,
                _ => return None,
            }
        }
        name.and_then(|name| std::str::from_utf8(name).ok())
    }

    /// Whether all that is assigned on the line is `False`.
    fn assigns_false(&self) -> bool {
        self.assignments.iter().all(|&at| {
            let is_end = at + 2 >= self.tokens.len() || self.is(at + 2, ";");
            self.is(at, "=") && self.text(at + 1) == b"False" && is_end
        })
    }

    /// How many folders up the line goes from the paths in it.
    fn folders_up(&self) -> u32 {
        let mut up: u32 = 0;
        for index in 0..self.tokens.len() {
            let is_attribute = index > 0 && self.is(index - 1, ".");
            let more = match self.text(index) {
                b"parent" if is_attribute => 1,
                b"dirname" if self.is(index + 1, "(") => 1,
                b"parents" if is_attribute && self.is(index + 1, "[") => {
                    let number = std::str::from_utf8(self.text(index + 2)).unwrap_or_default();
                    number.parse::<u32>().map_or(0, |n| n.saturating_add(1))
                }
                _ => 0,
            };
            up = up.saturating_add(more);
        }
        up
    }
}
