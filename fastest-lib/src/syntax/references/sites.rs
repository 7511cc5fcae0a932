//! Calls that load, list or start something.

use super::super::scanner::token::WORD;
use super::calls::{Callee, MENTIONED, callee, may_end_callee};
use super::facts::{Loaded, Site, SiteKind};
use super::scan::Scanner;
use super::tokens::{Kind, Prefix, Token, Tokens};
use super::values::Value;

/// The modules whose functions have names that others use too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Resources,
    Metadata,
    PkgResources,
    Subprocess,
    Os,
}

impl Origin {
    fn of_module(module: &str) -> Option<Self> {
        Some(match module {
            "importlib.resources" | "importlib_resources" => Self::Resources,
            "importlib.metadata" | "importlib_metadata" => Self::Metadata,
            "pkg_resources" => Self::PkgResources,
            "subprocess" => Self::Subprocess,
            "os" => Self::Os,
            _ => return None,
        })
    }

    /// The names that its functions are qualified by without an alias.
    fn qualifiers(self) -> &'static [&'static str] {
        match self {
            Self::Resources => &["resources", "importlib_resources"],
            Self::Metadata => &["metadata", "importlib_metadata"],
            Self::PkgResources => &["pkg_resources"],
            Self::Subprocess => &["subprocess"],
            Self::Os => &["os"],
        }
    }
}

/// A site that is one only if the function is that of a certain module.
#[derive(Clone, Copy, Debug)]
struct Condition<'s> {
    site: usize,
    origin: Origin,
    name: &'s str,
    /// The name before the function's; empty for what is no name.
    qualifier: Option<&'s str>,
}

/// What decides at the end of the file which sites are kept.
#[derive(Debug, Default)]
pub(super) struct Pending<'s> {
    conditions: Vec<Condition<'s>>,
    /// The names by which modules go in this file.
    modules: Vec<(&'s str, Origin)>,
    /// The functions that were imported from them.
    names: Vec<(&'s str, Origin)>,
}

impl<'s> Pending<'s> {
    /// `import module as alias`
    pub(super) fn imported_module(&mut self, module: &str, alias: Option<&'s str>) {
        if let (Some(origin), Some(alias)) = (Origin::of_module(module), alias) {
            self.modules.push((alias, origin));
        }
    }

    /// `from module import name as alias`; the site that it makes where calls of the alias would be
    /// one, for they are not recognized.
    pub(super) fn imported_name(
        &mut self,
        module: &str,
        name: &'s str,
        alias: Option<&'s str>,
    ) -> Option<SiteKind> {
        let origin = Origin::of_module(module);
        if let Some(origin) = origin {
            self.names.push((name, origin));
        }
        let alias = alias.filter(|alias| *alias != name)?;
        if module == "importlib" {
            let origin = match name {
                "resources" => Some(Origin::Resources),
                "metadata" => Some(Origin::Metadata),
                _ => None,
            };
            self.modules.extend(origin.map(|origin| (alias, origin)));
        }
        let (kind, needed) = kind_of(callee(name)?)?;
        (needed.is_empty() || origin.is_some_and(|origin| needed.contains(&origin))).then_some(kind)
    }

    fn holds(&self, condition: Condition<'_>) -> bool {
        let origin = condition.origin;
        match condition.qualifier {
            None => self
                .names
                .iter()
                .any(|&(name, of)| of == origin && (name == condition.name || name == "*")),
            Some(qualifier) => {
                origin.qualifiers().contains(&qualifier)
                    || self.modules.contains(&(qualifier, origin))
            }
        }
    }
}

/// What a call makes of which nothing but the name is known, and where the function must come from.
fn kind_of(callee: Callee) -> Option<(SiteKind, &'static [Origin])> {
    Some(match callee {
        Callee::Load => (SiteKind::Load(Loaded::Other), &[]),
        Callee::Walk => (SiteKind::Walk(None), &[]),
        Callee::Run => (SiteKind::Run, &[]),
        Callee::Spawn => (SiteKind::Spawn, &[]),
        Callee::Subprocess => (SiteKind::Spawn, &[Origin::Subprocess]),
        Callee::OsSpawn => (SiteKind::Spawn, &[Origin::Os]),
        Callee::List => (SiteKind::List(Vec::new()), &[]),
        Callee::Resource => (SiteKind::Resource(None), &[]),
        Callee::OfResources => (SiteKind::Resource(None), &[Origin::Resources]),
        Callee::OfMetadata => (SiteKind::Metadata, &[Origin::Metadata]),
        Callee::OfResourcesOrMetadata => (
            SiteKind::Resource(None),
            &[Origin::Resources, Origin::Metadata],
        ),
        Callee::OfPkgResources => (SiteKind::Metadata, &[Origin::PkgResources]),
        Callee::EntryPoints => (SiteKind::EntryPoints(None), &[]),
        Callee::ExtendPath => (SiteKind::ExtendPath, &[]),
        Callee::Lazy => (SiteKind::LazyModule, &[]),
        Callee::Patch | Callee::SearchPath => return None,
    })
}

/// The first argument of a call.
#[derive(Clone, Debug, PartialEq)]
enum First<'s> {
    /// One literal, of which nothing is computed.
    Literal(String),
    /// A dotted name.
    Name(&'s str),
    /// Text, and then something computed.
    Prefix(String),
    Other,
}

impl<'s> First<'s> {
    fn name(self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.to_owned()),
            _ => None,
        }
    }

    /// What is loaded, if it is no literal.
    fn loaded(self) -> Option<Loaded> {
        match self {
            Self::Literal(_) => None,
            Self::Name(name) => Some(Loaded::Name(name.to_owned())),
            Self::Prefix(text) => Some(Loaded::Prefix(text)),
            Self::Other => Some(Loaded::Other),
        }
    }
}

/// How many tokens of a call's arguments are looked at.
const LONGEST_CALL: usize = 1000;

impl<'s> Scanner<'s> {
    pub(super) fn site(&mut self, line: u32, kind: SiteKind) {
        self.found.sites.push(Site { line, kind });
    }

    /// What stands before a parenthesis may be a call that makes a site.
    #[inline]
    pub(super) fn call(&mut self, at: usize) {
        let mut end = at;
        if end > 0 && !WORD[usize::from(self.bytes[end - 1])] {
            if !matches!(self.bytes[end - 1], b' ' | b'\t' | b'\n' | b'\\') {
                return;
            }
            match self.significant_before(at) {
                Some(before) => end = before + 1,
                None => return,
            }
        }
        if end >= 2 && may_end_callee(self.bytes[end - 2], self.bytes[end - 1]) {
            let start = self.word_start(end);
            let word = self.text.get(start..end).unwrap_or_default();
            if let Some(callee) = callee(word) {
                self.known_call(callee, word, start, at);
            }
        }
    }

    #[inline(never)]
    fn known_call(&mut self, callee: Callee, name: &'s str, start: usize, open: usize) {
        let before = self.significant_before(start);
        let mut qualifier = None;
        if let Some(before) = before {
            match self.bytes[before] {
                b'.' => {
                    let end = self.significant_before(before).map_or(before, |at| at + 1);
                    let start = self.word_start(end);
                    qualifier = Some(self.text.get(start..end).unwrap_or_default());
                }
                b'f' | b's' => {
                    let start = self.word_start(before + 1);
                    if matches!(&self.bytes[start..=before], b"def" | b"class") {
                        return;
                    }
                }
                _ => {}
            }
        }
        let Some((kind, needed)) = kind_of(callee) else {
            if callee == Callee::Patch {
                self.patch(open);
            } else {
                self.is_marked = true;
            }
            return;
        };
        let line = self.line;
        let kind = match kind {
            SiteKind::Load(_) => match self.first_argument(open).loaded() {
                Some(loaded) => SiteKind::Load(loaded),
                None => return,
            },
            SiteKind::Walk(_) => SiteKind::Walk(self.first_argument(open).name()),
            SiteKind::Resource(_) => SiteKind::Resource(self.first_argument(open).name()),
            SiteKind::EntryPoints(_) => SiteKind::EntryPoints(self.group(open)),
            SiteKind::List(_) => SiteKind::List(self.words(open)),
            kind => kind,
        };
        if callee == Callee::Subprocess {
            // The names that no one else uses need no qualification.
            let is_free = qualifier.is_none() || !matches!(name, "run" | "call");
            let bytes = self.bytes;
            let find = || memchr::memmem::find(bytes, b"subprocess").is_some();
            if !*self.mentions_subprocess.get_or_insert_with(find) {
                return;
            }
            if is_free {
                return self.site(line, kind);
            }
        }
        for &origin in needed {
            self.pending.conditions.push(Condition {
                site: self.found.sites.len(),
                origin,
                name,
                qualifier,
            });
            let kind = match origin {
                Origin::Metadata => SiteKind::Metadata,
                _ => kind.clone(),
            };
            self.site(line, kind);
        }
        if needed.is_empty() {
            self.site(line, kind);
        }
    }

    /// `patch` loads what it is given the name of; other functions of that name take paths.
    fn patch(&mut self, open: usize) {
        let loaded = match self.first_argument(open) {
            First::Other if !self.is_format_string(open + 1) => return,
            First::Prefix(text) if text.contains(['/', ' ']) => return,
            first => first.loaded(),
        };
        if let Some(loaded) = loaded {
            self.site(self.line, SiteKind::Load(loaded));
        }
    }

    fn is_format_string(&self, at: usize) -> bool {
        Tokens::new(self.bytes, at, self.bytes.len())
            .next()
            .is_some_and(|token| token.kind == Kind::FormatStart)
    }

    /// The first argument of the call whose parenthesis stands at a place.
    fn first_argument(&self, open: usize) -> First<'s> {
        let mut tokens = Tokens::new(self.bytes, open + 1, self.bytes.len()).peekable();
        let is = |token: Option<&Token>, text: &[u8]| {
            token.is_some_and(|token| {
                token.kind == Kind::Operator && &self.bytes[token.start..token.end] == text
            })
        };
        let ends = |token: Option<&Token>| is(token, b",") || is(token, b")");
        let Some(mut first) = tokens.next() else {
            return First::Other;
        };
        if first.kind == Kind::Word && is(tokens.peek(), b"=") {
            tokens.next();
            match tokens.next() {
                Some(value) => first = value,
                None => return First::Other,
            }
        }
        match first.kind {
            Kind::Word => {
                let mut end = first.end;
                while is(tokens.peek(), b".") {
                    tokens.next();
                    match tokens.next() {
                        Some(token) if token.kind == Kind::Word => end = token.end,
                        _ => return First::Other,
                    }
                }
                if ends(tokens.peek()) {
                    First::Name(self.text.get(first.start..end).unwrap_or_default())
                } else {
                    First::Other
                }
            }
            Kind::Text(_) | Kind::FormatStart => {
                let mut value = Value::default();
                let mut token = Some(first);
                while let Some(Token { kind, start, end }) = token {
                    let text = self.text.get(start..end).unwrap_or_default();
                    match kind {
                        Kind::Text(prefix) if prefix.is_format => {
                            value.push_format(text, prefix.is_raw);
                        }
                        Kind::Text(prefix) => value.push_plain(text, prefix.is_raw),
                        Kind::FieldOpen => return prefix(value.text),
                        Kind::FormatStart | Kind::FormatEnd => {}
                        _ => break,
                    }
                    token = tokens.next();
                }
                let next = token.as_ref();
                if ends(next) {
                    return First::Literal(value.text);
                }
                let is_format = is(next, b".")
                    && tokens
                        .next()
                        .is_some_and(|token| &self.bytes[token.start..token.end] == b"format");
                if is(next, b"%") || is_format {
                    let mut template = Value::default();
                    template.push_template(&value.text);
                    let known = template.segments().next().map(|(text, _)| text.to_owned());
                    prefix(known.unwrap_or_default())
                } else if is(next, b"+") {
                    prefix(value.text)
                } else {
                    First::Other
                }
            }
            _ => First::Other,
        }
    }

    /// The words from the beginning of the statement to the end of a call's arguments, each once, that
    /// are no functions and that no literal goes on from to another folder.
    fn words(&self, open: usize) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let mut depth = 0;
        let tokens = Tokens::new(self.bytes, self.statement, self.bytes.len());
        let tokens: Vec<Token> = tokens.take(LONGEST_CALL).collect();
        let text = |at: usize| {
            let token = tokens.get(at);
            token.map_or(&b""[..], |token| &self.bytes[token.start..token.end])
        };
        let is_literal = |at: usize| {
            let is_text = tokens
                .get(at)
                .is_some_and(|token| matches!(token.kind, Kind::Text(prefix) if !prefix.is_format));
            is_text && !text(at).iter().any(|byte| b"*?%{".contains(byte))
        };
        for (at, token) in tokens.iter().enumerate() {
            match (token.kind, text(at)) {
                (Kind::Operator, b"(" | b"[" | b"{") if token.start >= open => depth += 1,
                (Kind::Operator, b")" | b"]" | b"}") if token.start > open => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                (Kind::Word, _) => {
                    let goes_on = match text(at + 1) {
                        b"(" => true,
                        b"/" => is_literal(at + 2),
                        b"," if at > 1 && text(at - 1) == b"(" && text(at - 2) == b"join" => {
                            is_literal(at + 2)
                        }
                        _ => false,
                    };
                    let word = self.text.get(token.start..token.end).unwrap_or_default();
                    if !goes_on && !words.iter().any(|known| known == word) {
                        words.push(word.to_owned());
                    }
                }
                _ => {}
            }
        }
        words
    }

    /// The group that a call looks up: its argument of that name, or else its first literal.
    fn group(&self, open: usize) -> Option<String> {
        let mut depth = 0;
        let mut first = None;
        // The last two tokens, which may be `group` and `=`.
        let mut before: [&[u8]; 2] = [b"", b""];
        for token in Tokens::new(self.bytes, open + 1, self.bytes.len()).take(LONGEST_CALL) {
            let text = &self.bytes[token.start..token.end];
            match (token.kind, text) {
                (Kind::Operator, b"(" | b"[" | b"{") | (Kind::FieldOpen, _) => depth += 1,
                (Kind::Operator, b")" | b"]" | b"}") | (Kind::FieldClose, _) => {
                    depth -= 1;
                    if depth < 0 {
                        break;
                    }
                }
                (
                    Kind::Text(Prefix {
                        is_format: false,
                        is_raw,
                        ..
                    }),
                    _,
                ) if depth == 0 => {
                    let mut value = Value::default();
                    value.push_plain(self.text.get(token.start..token.end)?, is_raw);
                    if matches!(before, [b"group" | b"namespace", b"="]) {
                        return Some(value.text);
                    }
                    first.get_or_insert(value.text);
                }
                _ => {}
            }
            before = [before[1], text];
        }
        first
    }

    /// Keeps the sites whose conditions hold, in the order of their lines.
    pub(super) fn settle_sites(&mut self) {
        let conditions = std::mem::take(&mut self.pending.conditions);
        let mut refused = conditions
            .iter()
            .filter(|condition| !self.pending.holds(**condition))
            .map(|condition| condition.site)
            .peekable();
        let mut index = 0;
        self.found.sites.retain(|_| {
            let is_refused = refused.next_if_eq(&index).is_some();
            index += 1;
            !is_refused
        });
        self.found.sites.sort_by_key(|site| site.line);
    }

    /// Whether a module is loaded by a name that may stand anywhere in the file.
    pub(super) fn loads_by_name(&self) -> bool {
        let mut sites = self.found.sites.iter();
        sites.any(|site| matches!(site.kind, SiteKind::Load(_) | SiteKind::LazyModule))
    }
}

fn prefix<'s>(text: String) -> First<'s> {
    if text.is_empty() {
        First::Other
    } else {
        First::Prefix(text)
    }
}

/// Whether a word is a loader that counts when it is only mentioned.
pub(super) fn is_mentioned_loader(word: &[u8]) -> bool {
    MENTIONED.iter().any(|name| name.as_bytes() == word)
}
