//! Import statements.

use super::facts::{ImportContext, ImportStatement};
use super::scan::Scanner;

impl<'s> Scanner<'s> {
    /// `import a.b as c, d`, from its first word on.
    pub(super) fn import_statement(&mut self) {
        let line = self.line;
        self.at += "import".len();
        loop {
            self.skip_gap();
            let module = self.dotted_name();
            if module.is_empty() {
                return;
            }
            let alias = self.alias();
            self.pending.imported_module(&module, alias);
            self.push_import(line, 0, module, Vec::new());
            if self.byte(self.at) != b',' {
                return;
            }
            self.at += 1;
        }
    }

    /// `from ..a import b as c, d`, from its first word on.
    pub(super) fn import_from_statement(&mut self) {
        let line = self.line;
        self.at += "from".len();
        self.skip_gap();
        let mut level = 0;
        while self.byte(self.at) == b'.' {
            level += 1;
            self.at += 1;
            self.skip_gap();
        }
        let module = match self.word_at(self.at) {
            "import" => String::new(),
            _ => self.dotted_name(),
        };
        self.skip_gap();
        if self.word_at(self.at) != "import" || (module.is_empty() && level == 0) {
            return;
        }
        self.at += "import".len();
        self.skip_gap();
        let mut names = Vec::new();
        let opened = self.at;
        let is_bracketed = self.byte(opened) == b'(';
        if is_bracketed {
            // What follows is within brackets, where lines end nothing.
            self.push_bracket(opened);
            self.at += 1;
            self.skip_gap();
        }
        loop {
            let word = self.word_at(self.at);
            if self.byte(self.at) == b'*' {
                self.at += 1;
                self.pending.imported_name(&module, "*", None);
                names.push("*".to_owned());
            } else if word.is_empty() || word.as_bytes()[0].is_ascii_digit() {
                break;
            } else {
                self.at += word.len();
                let alias = self.alias();
                if let Some(kind) = self.pending.imported_name(&module, word, alias) {
                    self.site(line, kind);
                }
                names.push(word.to_owned());
            }
            self.skip_gap();
            if self.byte(self.at) != b',' {
                break;
            }
            self.at += 1;
            self.skip_gap();
        }
        self.push_import(line, level, module, names);
        // Else something else stands in the list, which is passed over as any bracket's contents are.
        if is_bracketed && self.byte(self.at) == b')' {
            self.open.pop();
            self.at += 1;
        }
    }

    fn push_import(&mut self, line: u32, level: u32, module: String, names: Vec<String>) {
        let context = self.context();
        if context.is_type_checking {
            let index = self.found.imports.len();
            self.type_checking.push((index, context));
        }
        self.found.imports.push(ImportStatement {
            line,
            level,
            module,
            names,
            context: if context.is_type_checking {
                ImportContext::TypeChecking
            } else {
                context.when
            },
        });
    }

    fn skip_gap(&mut self) {
        let (at, lines) = self.significant_from(self.at);
        self.at = at;
        self.line += lines;
    }

    /// The dotted name that stands here; what may stand around its dots is left out.
    fn dotted_name(&mut self) -> String {
        let mut name = self.word_at(self.at).to_owned();
        self.at += name.len();
        if name.is_empty() {
            return name;
        }
        loop {
            self.skip_gap();
            if self.byte(self.at) != b'.' {
                return name;
            }
            self.at += 1;
            self.skip_gap();
            let word = self.word_at(self.at);
            if word.is_empty() {
                return name;
            }
            self.at += word.len();
            name.push('.');
            name.push_str(word);
        }
    }

    /// The name after `as`, if one is given; goes behind it.
    fn alias(&mut self) -> Option<&'s str> {
        self.skip_gap();
        if self.word_at(self.at) != "as" {
            return None;
        }
        self.at += "as".len();
        self.skip_gap();
        let alias = self.word_at(self.at);
        self.at += alias.len();
        self.skip_gap();
        Some(alias).filter(|alias| !alias.is_empty())
    }
}
