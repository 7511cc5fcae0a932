//! `collect_ignore` and `collect_ignore_glob` of conftests.

use std::path::{Path, PathBuf};

use super::conftest::Conftest;
use super::fixtures::Place;
use super::items::Element;
use super::model::OpenReason;
use super::scope::Names;
use super::value::Value;
use crate::syntax::{BindingKind, EffectKind, Expr, FileFacts};
use crate::workspace::Fnmatch;

/// What one of the two names takes out of the collection.
#[derive(Default)]
pub(super) struct IgnoreList {
    rules: Vec<Rule>,
}

struct Rule {
    pattern: Pattern,
    /// Why it may not hold.
    doubt: Option<OpenReason>,
}

enum Pattern {
    Path(PathBuf),
    Glob(Fnmatch),
}

/// Whether a file is left out.
pub(super) enum Ignored {
    No,
    Yes,
    Maybe(OpenReason),
}

impl IgnoreList {
    /// The list, when the conftest has one, and why it may hold more than is listed.
    pub(super) fn read(
        name: &str,
        facts: &FileFacts,
        names: Names<'_>,
        folder: &Path,
        place: Place<'_>,
    ) -> (Option<Self>, Vec<OpenReason>) {
        let mut list = Self::default();
        let mut open = Vec::new();
        let mut is_there = false;
        for binding in facts.bindings.iter().filter(|found| found.name == name) {
            is_there = true;
            let reason = place.reason(binding.line, format!("`{name}` may leave it out"));
            let doubt = binding.conditional.then(|| reason.clone());
            let items = match &binding.kind {
                BindingKind::Value(value) => {
                    if binding.conditional {
                        for rule in &mut list.rules {
                            rule.doubt.get_or_insert_with(|| reason.clone());
                        }
                    } else {
                        list.rules.clear();
                    }
                    literal(value, names)
                }
                BindingKind::Changed | BindingKind::Mutated => {
                    added(name, names, facts, binding.line)
                }
                _ => None,
            };
            let Some(items) = items else {
                open.push(reason);
                continue;
            };
            for item in items {
                let Value::Str(text) = item.value() else {
                    open.push(reason.clone());
                    continue;
                };
                let path = folder.join(text);
                let pattern = if name == "collect_ignore" {
                    Pattern::Path(path.components().collect())
                } else {
                    Pattern::Glob(Fnmatch::new(&path.to_string_lossy()))
                };
                let doubt = doubt.clone();
                list.rules.push(Rule { pattern, doubt });
            }
        }
        (is_there.then_some(list), open)
    }

    fn holds(&self, path: &Path) -> Ignored {
        let mut maybe = Ignored::No;
        for rule in &self.rules {
            let matches = match &rule.pattern {
                Pattern::Path(ignored) => ignored == path,
                Pattern::Glob(glob) => glob.matches(&path.to_string_lossy()),
            };
            match &rule.doubt {
                _ if !matches => {}
                None => return Ignored::Yes,
                Some(reason) => maybe = Ignored::Maybe(reason.clone()),
            }
        }
        maybe
    }
}

/// Whether a file, or a folder on the way to it, is taken out by a conftest. Of the conftests above
/// a path the nearest that has the name counts. What was asked for is never left out.
pub(super) fn is_ignored(
    file: &Path,
    conftests: &[&Conftest],
    is_asked_for: impl Fn(&Path) -> bool,
) -> Ignored {
    let mut maybe = Ignored::No;
    let mut lists = conftests.iter().flat_map(|conftest| &conftest.ignored);
    if lists.all(Option::is_none) {
        return maybe;
    }
    for path in file.ancestors().take_while(|path| !is_asked_for(path)) {
        let Some(folder) = path.parent() else { break };
        for name in 0..2 {
            let above = conftests.iter().rev();
            let mut above = above.filter(|conftest| folder.starts_with(&conftest.folder));
            match above.find_map(|conftest| conftest.ignored[name].as_ref()) {
                None => {}
                Some(list) => match list.holds(path) {
                    Ignored::Yes => return Ignored::Yes,
                    Ignored::No => {}
                    doubt => maybe = doubt,
                },
            }
        }
    }
    maybe
}

fn literal<'e>(value: &'e Expr, names: Names<'e>) -> Option<Vec<Element<'e>>> {
    match value {
        // `items` would take a text for its characters.
        Expr::Str(_) => None,
        value => names.items(value),
    }
}

/// What `name.append(…)`, `name.extend(…)` or `name += […]` on a line adds.
fn added<'e>(
    name: &str,
    names: Names<'e>,
    facts: &'e FileFacts,
    line: u32,
) -> Option<Vec<Element<'e>>> {
    let effect = facts.effects.iter().find(|effect| effect.line == line)?;
    let EffectKind::Call(Expr::Call(call)) = &effect.kind else {
        return None;
    };
    let (Expr::Attribute(object, method), [only]) = (&call.function, call.arguments.as_slice())
    else {
        return None;
    };
    if !matches!(&**object, Expr::Name(called) if called == name) {
        return None;
    }
    match method.as_str() {
        "append" => Some(vec![Element::At(&only.value, names)]),
        "extend" => literal(&only.value, names),
        _ => None,
    }
}
