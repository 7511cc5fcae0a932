//! From what a build file says and what the graph wants to a new build file.

use std::collections::BTreeSet;

use crate::matching::Matched;
use crate::owned::Existing;
use crate::packages::Package;
use crate::starlark::{
    Argument, Edits, Item, NewCall, Rendered, StatementKind, Value, list, quoted, sort_labels,
};
use crate::system::{Label, System, inside};
use crate::unit::{Rule, Unit};

/// What is needed to write the targets of one package.
pub(crate) struct Merge<'a> {
    pub(crate) system: &'a System,
    pub(crate) folder: &'a str,
    pub(crate) package: &'a Package,
    pub(crate) rules: &'a str,
    /// All targets of all packages.
    pub(crate) units: &'a [Unit],
    /// Those of this one.
    pub(crate) own: &'a [usize],
    pub(crate) calls: &'a [Existing<'a>],
    pub(crate) matched: &'a Matched,
}

/// The new text, and what could not be changed.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) text: String,
    pub(crate) notes: Vec<(u32, String)>,
}

/// How the strings of an attribute are compared and written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Labels,
    Files,
    Plain,
}

const OWNED: &[(&str, Strings)] = &[
    ("srcs", Strings::Files),
    ("data", Strings::Files),
    ("cases", Strings::Plain),
    ("distributions", Strings::Plain),
    ("imports", Strings::Plain),
    ("deps", Strings::Labels),
];

impl Merge<'_> {
    pub(crate) fn merge(&self) -> Merged {
        let file = &self.package.file;
        let mut merged = Merged::default();
        let mut edits = Edits::default();
        let mut used: BTreeSet<Rule> = BTreeSet::new();
        for number in &self.matched.idle {
            let call = &self.calls[*number];
            if call.goes(self.package) {
                edits.remove(file, &file.statements[call.statement]);
            } else {
                used.extend(call.rule);
            }
        }
        let mut new: Vec<&Unit> = Vec::new();
        // The names of those that stay, with their statements.
        let mut anchors: Vec<(&str, usize)> = Vec::new();
        for at in self.own {
            let unit = &self.units[*at];
            if self.matched.covered.contains_key(at) {
                continue;
            }
            let Some(number) = self.matched.calls.get(at) else {
                new.push(unit);
                used.insert(unit.rule);
                continue;
            };
            let existing = &self.calls[*number];
            used.insert(unit.rule);
            anchors.push((existing.name, existing.statement));
            if existing.is_kept(self.package) {
                continue;
            }
            if let Some(text) = self.changed(unit, existing, &mut merged.notes) {
                edits.replace(&file.statements[existing.statement], text);
            }
        }
        self.loads(&used, &new, &mut edits);
        self.insert(&mut new, &mut anchors, &mut edits);
        merged.text = match edits.is_empty() {
            true => file.text.clone(),
            false => edits.apply(file),
        };
        merged
    }

    /// The strings that an attribute is to have.
    fn wanted(&self, unit: &Unit, attribute: &str) -> Vec<String> {
        let folder = self.folder;
        let inside = |path: &String| inside(folder, path).to_owned();
        let mut texts: Vec<String> = match attribute {
            "srcs" => unit.srcs.iter().map(inside).collect(),
            "data" => unit.data.iter().map(inside).collect(),
            "deps" => {
                let deps = unit.deps.iter().map(|dep| {
                    let dep = &self.units[*dep];
                    let label = Label::new(&*dep.package, &*dep.name);
                    self.system.short(&label, folder)
                });
                let seen = unit.seen.iter().map(|(package, dep)| {
                    let label = Label::new(&**package, &*self.units[*dep].name);
                    self.system.short(&label, folder)
                });
                let labels = unit.labels.iter().cloned();
                deps.chain(seen).chain(labels).collect()
            }
            attribute => return unit.texts(attribute).to_vec(),
        };
        sort_labels(&mut texts, |text| text);
        texts.dedup();
        texts
    }

    /// What a string is compared by.
    fn key(&self, strings: Strings, text: &str) -> String {
        match strings {
            Strings::Plain => text.to_owned(),
            Strings::Labels | Strings::Files => match self.system.resolve(text, self.folder) {
                Some(label) => label.to_string(),
                None => text.to_owned(),
            },
        }
    }

    /// A call with the attributes that the graph wants; none where it has them.
    fn changed(
        &self,
        unit: &Unit,
        existing: &Existing<'_>,
        notes: &mut Vec<(u32, String)>,
    ) -> Option<String> {
        let text = &self.package.file.text;
        let call = existing.call;
        let mut made = NewCall {
            function: call.function.clone(),
            arguments: call.arguments.iter().map(|one| as_is(text, one)).collect(),
            tail: call.tail.clone(),
        };
        let mut is_changed = false;
        for (attribute, strings) in OWNED {
            let wanted = self.wanted(unit, attribute);
            let Some(argument) = existing.argument(attribute) else {
                if !wanted.is_empty() {
                    made.insert(new_argument(attribute, &wanted));
                    is_changed = true;
                }
                continue;
            };
            if argument.is_kept() {
                continue;
            }
            let place = |made: &NewCall| {
                let mut arguments = made.arguments.iter();
                arguments.position(|one| one.name.as_deref() == Some(attribute))
            };
            match self.updated(argument, &wanted, *strings) {
                Update::None => {}
                Update::Text(text) => {
                    if let Some(at) = place(&made) {
                        made.arguments[at].text = text;
                    }
                    is_changed = true;
                }
                Update::Gone => {
                    if let Some(at) = place(&made) {
                        made.arguments.remove(at);
                    }
                    is_changed = true;
                }
                Update::Impossible => {
                    let from = argument.at.start;
                    let before = text.as_bytes()[..from].iter();
                    let line = before.filter(|byte| **byte == b'\n').count() + 1;
                    let message = format!(
                        "`{attribute}` of `{}` is computed and stays as it is; the graph says \
                         [{}]: a `# keep` above it says that it is right",
                        existing.name,
                        wanted.join(", ")
                    );
                    notes.push((u32::try_from(line).unwrap_or(u32::MAX), message));
                }
            }
        }
        is_changed.then(|| made.render())
    }

    fn updated(&self, argument: &Argument, wanted: &[String], strings: Strings) -> Update {
        let text = &self.package.file.text;
        let key = |text: &str| self.key(strings, text);
        let Some((items, tail, at)) = argument.value.list() else {
            let globs = argument.value.globs();
            let is_all = !globs.is_empty()
                && wanted
                    .iter()
                    .all(|file| globs.iter().any(|glob| glob.matches(file)));
            return match is_all {
                true => Update::None,
                false => Update::Impossible,
            };
        };
        let globs = argument.value.globs();
        let is_sum = matches!(argument.value, Value::Sum(_));
        let wanted_keys: BTreeSet<String> = wanted.iter().map(|text| key(text)).collect();
        let mut kept: Vec<Item> = Vec::new();
        let mut orphans: Vec<String> = Vec::new();
        for item in items {
            let is_wanted = match &item.value {
                Some(value) => wanted_keys.contains(&key(value)),
                None => true,
            };
            if is_wanted || item.is_kept() {
                let mut item = item.clone();
                orphans.append(&mut item.above);
                item.above = std::mem::take(&mut orphans);
                kept.push(item);
            } else {
                // What stands above a value may be about those below it too.
                orphans.extend(item.above.iter().cloned());
            }
        }
        let tail = [orphans.as_slice(), tail].concat();
        let there: BTreeSet<String> = kept
            .iter()
            .filter_map(|item| item.value.as_deref())
            .map(key)
            .collect();
        let is_elsewhere = |text: &String| {
            let others = is_sum.then(|| {
                argument
                    .value
                    .texts()
                    .into_iter()
                    .any(|one| key(one) == key(text))
            });
            let globbed = globs.iter().any(|glob| glob.matches(text));
            globbed
                || others.unwrap_or_default()
                    && !items.iter().any(|item| {
                        item.value
                            .as_ref()
                            .is_some_and(|value| key(value) == key(text))
                    })
        };
        let new: Vec<Item> = wanted
            .iter()
            .filter(|text| !there.contains(&key(text)) && !is_elsewhere(text))
            .map(|text| Item::new(text))
            .collect();
        if new.is_empty() && kept.len() == items.len() {
            return Update::None;
        }
        if !new.is_empty() {
            let ends = kept
                .iter()
                .skip(1)
                .position(|item| !item.above.is_empty() || item.value.is_none());
            let end = ends.map_or(kept.len(), |at| at + 1);
            let mut chunk: Vec<Item> = kept.drain(..end).collect();
            let above = chunk
                .first_mut()
                .map(|first| std::mem::take(&mut first.above));
            chunk.extend(new);
            if strings != Strings::Plain {
                sort_labels(&mut chunk, |item| item.value.as_deref().unwrap_or_default());
            } else {
                chunk.sort_by(|a, b| a.value.cmp(&b.value));
            }
            if let (Some(first), Some(above)) = (chunk.first_mut(), above) {
                first.above = above;
            }
            chunk.append(&mut kept);
            kept = chunk;
        }
        if kept.is_empty() && tail.is_empty() && !is_sum {
            return Update::Gone;
        }
        let start = argument.at.start;
        let value = value_text(text, argument);
        let offset = argument.at.end - value.len();
        debug_assert!(offset >= start);
        let (from, to) = (at.start - offset, at.end - offset);
        Update::Text(format!(
            "{}{}{}",
            &value[..from],
            list(&kept, &tail),
            &value[to..]
        ))
    }

    /// A call that makes a target which is not there.
    fn new_call(&self, unit: &Unit, function: &str) -> String {
        let mut call = NewCall {
            function: function.to_owned(),
            ..NewCall::default()
        };
        let text = |name: &str, value: &str| Rendered {
            name: Some(name.to_owned()),
            text: quoted(value),
            ..Rendered::default()
        };
        call.insert(text("name", &unit.name));
        if let Some(src) = &unit.src {
            call.insert(text("src", inside(self.folder, src)));
        }
        if let Some(test) = &unit.test {
            call.insert(text("test", test));
        }
        if unit.rule == Rule::Library {
            call.insert(new_argument(
                "visibility",
                &[self.system.visibility().to_owned()],
            ));
        }
        for (attribute, _) in OWNED {
            let wanted = self.wanted(unit, attribute);
            if !wanted.is_empty() {
                call.insert(new_argument(attribute, &wanted));
            }
        }
        call.render()
    }

    /// What a rule is called in the file, as far as it is loaded.
    fn loaded(&self, rule: Rule) -> Option<&str> {
        let mut loads = self.package.file.loads();
        loads.find_map(|(_, load)| {
            let (here, _) = load
                .names
                .iter()
                .find(|(_, there)| there == rule.function())?;
            Some(here.as_str())
        })
    }

    /// Loads what new targets need, and no longer what no target needs any more.
    fn loads(&self, used: &BTreeSet<Rule>, new: &[&Unit], edits: &mut Edits) {
        let file = &self.package.file;
        let mut missing: Vec<&str> = new
            .iter()
            .filter(|unit| self.loaded(unit.rule).is_none())
            .map(|unit| unit.rule.function())
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let is_mentioned = |name: &str| {
            file.statements.iter().any(|statement| {
                let is_load = matches!(statement.kind, StatementKind::Load(_));
                let called = match &statement.kind {
                    StatementKind::Call(call) => call.function == name,
                    _ => false,
                };
                !is_load && !called && file.text[statement.at.clone()].contains(name)
            })
        };
        let had: BTreeSet<Rule> = self.calls.iter().filter_map(|call| call.rule).collect();
        for (at, load) in file.loads() {
            let is_ours = |there: &str| Rule::ALL.iter().any(|rule| rule.function() == there);
            let is_idle = |(here, there): &&(String, String)| {
                let rule = Rule::ALL.into_iter().find(|rule| rule.function() == there);
                rule.is_some_and(|rule| had.contains(&rule) && !used.contains(&rule))
                    && !is_mentioned(here)
            };
            let idle: Vec<&(String, String)> = load.names.iter().filter(is_idle).collect();
            let takes = !missing.is_empty()
                && (load.label == self.rules || load.names.iter().any(|(_, there)| is_ours(there)));
            if idle.is_empty() && !takes {
                continue;
            }
            let mut names: Vec<(String, String)> = load.names.clone();
            names.retain(|name| !idle.contains(&name));
            if takes {
                let new = missing.drain(..);
                names.extend(new.map(|name| (name.to_owned(), name.to_owned())));
            }
            let statement = &file.statements[at];
            if names.is_empty() {
                edits.remove(file, statement);
            } else {
                edits.replace(statement, load_text(&load.label, names));
            }
        }
        if !missing.is_empty() {
            let names = missing
                .iter()
                .map(|name| ((*name).to_owned(), (*name).to_owned()));
            edits.insert_load(file, self.rules, &load_text(self.rules, names.collect()));
        }
    }

    /// Puts new targets among those that are there, in the order of their names.
    fn insert(&self, new: &mut Vec<&Unit>, anchors: &mut Vec<(&str, usize)>, edits: &mut Edits) {
        let file = &self.package.file;
        new.sort_by(|a, b| a.name.cmp(&b.name));
        anchors.sort_by_key(|(_, statement)| *statement);
        for unit in new.iter() {
            let function = self.loaded(unit.rule).unwrap_or(unit.rule.function());
            let text = self.new_call(unit, function);
            let before = anchors
                .iter()
                .rev()
                .find(|(name, _)| *name < unit.name.as_str());
            match (before, anchors.first()) {
                (Some((_, statement)), _) => {
                    edits.insert_after(file, &file.statements[*statement], &text);
                }
                (None, Some((_, statement))) => {
                    edits.insert_before(file, &file.statements[*statement], &text);
                }
                (None, None) => edits.append(&text),
            }
        }
    }
}

enum Update {
    None,
    Text(String),
    Gone,
    Impossible,
}

fn load_text(label: &str, mut names: Vec<(String, String)>) -> String {
    // Those by position come before those that are called otherwise here.
    names.sort_by(|a, b| (a.0 != a.1, &a.0).cmp(&(b.0 != b.1, &b.0)));
    let names = names.iter().map(|(here, there)| {
        if here == there {
            quoted(here)
        } else {
            format!("{here} = {}", quoted(there))
        }
    });
    let names: Vec<String> = names.collect();
    format!("load({}, {})", quoted(label), names.join(", "))
}

fn new_argument(name: &str, wanted: &[String]) -> Rendered {
    let items: Vec<Item> = wanted.iter().map(|text| Item::new(text)).collect();
    Rendered {
        name: Some(name.to_owned()),
        text: list(&items, &[]),
        ..Rendered::default()
    }
}

/// The text of an argument's value.
fn value_text<'t>(text: &'t str, argument: &Argument) -> &'t str {
    let whole = &text[argument.at.clone()];
    match &argument.name {
        Some(name) => {
            let value = whole[name.len()..].trim_start();
            value.strip_prefix('=').unwrap_or(value).trim_start()
        }
        None => whole,
    }
}

fn as_is(text: &str, argument: &Argument) -> Rendered {
    Rendered {
        name: argument.name.clone(),
        text: value_text(text, argument).to_owned(),
        above: argument.above.clone(),
        behind: argument.behind.clone(),
    }
}

/// The names that are in use in a package, but for those of targets that go.
pub(crate) fn taken(
    package: &Package,
    calls: &[Existing<'_>],
    matched: &Matched,
) -> BTreeSet<String> {
    let idle = matched.idle.iter().map(|number| &calls[*number]);
    let going: BTreeSet<usize> = idle
        .filter(|call| call.goes(package))
        .map(|call| call.statement)
        .collect();
    let staying = package.file.calls().filter(|(at, _)| !going.contains(at));
    let names = staying.filter_map(|(_, call)| call.name());
    names.map(str::to_owned).collect()
}
