//! What a build file has of ours.

use crate::packages::Package;
use crate::starlark::{Argument, BuildFile, Call};
use crate::system::{System, inside};
use crate::unit::Rule;

/// The rule that a call makes a target of, whatever it is called there.
pub(crate) fn rule_of(file: &BuildFile, call: &Call) -> Option<Rule> {
    let name = file
        .origin(&call.function)
        .map_or(call.function.as_str(), |(_, there)| there);
    Rule::ALL.into_iter().find(|rule| rule.function() == name)
}

/// A call in a build file, with what it says of files.
#[derive(Debug)]
pub(crate) struct Existing<'f> {
    /// The number of its statement.
    pub(crate) statement: usize,
    pub(crate) call: &'f Call,
    /// Ours; none for a rule of somebody else, or a macro, that is about a file of tests.
    pub(crate) rule: Option<Rule>,
    pub(crate) name: &'f str,
    pub(crate) src: Option<String>,
    pub(crate) test: Option<&'f str>,
    /// The files of `srcs`, by path.
    pub(crate) srcs: Vec<String>,
    pub(crate) data: Vec<String>,
}

/// The calls in a package that make targets of ours, or are about files of tests. `known` are the files
/// of the package that patterns may stand for.
pub(crate) fn existing<'p>(
    system: &System,
    folder: &str,
    package: &'p Package,
    is_file: &dyn Fn(&str) -> bool,
    known: &[&str],
) -> Vec<Existing<'p>> {
    let calls = package.file.calls();
    let calls = calls.filter_map(|(statement, call)| {
        let rule = rule_of(&package.file, call);
        let path = |text: &str| Some(system.resolve(text, folder)?.path());
        let src = call.text("src").and_then(path);
        let is_about_test = rule.is_none() && src.as_deref().is_some_and(is_file);
        if rule.is_none() && !is_about_test {
            return None;
        }
        let files = |name: &str| -> Vec<String> {
            let texts = call.texts(name).into_iter();
            let mut files: Vec<String> = texts.filter_map(path).collect();
            let globs = call.argument(name).map(|argument| argument.value.globs());
            for glob in globs.into_iter().flatten() {
                let matching = known
                    .iter()
                    .filter(|file| glob.matches(inside(folder, file)));
                files.extend(matching.map(|file| (*file).to_owned()));
            }
            files
        };
        Some(Existing {
            statement,
            call,
            rule,
            name: call.name()?,
            src,
            test: call.text("test").filter(|test| !test.is_empty()),
            srcs: files("srcs"),
            data: files("data"),
        })
    });
    calls.collect()
}

impl Existing<'_> {
    pub(crate) fn is_kept(&self, package: &Package) -> bool {
        package.file.statements[self.statement].is_kept()
    }

    /// Whether it goes where no target is wanted that it makes: it is not kept, and names files, or is
    /// named as those that are made without any.
    pub(crate) fn goes(&self, package: &Package) -> bool {
        let names_files = self.src.is_some() || !self.srcs.is_empty() || !self.data.is_empty();
        let is_number = |c: char| c.is_ascii_digit() || c == '_';
        let name = self.name.trim_end_matches(is_number);
        let made = ["_files", "_modules", "_loads"];
        let is_made = || made.iter().any(|suffix| name.ends_with(suffix));
        !self.is_kept(package) && (names_files || is_made())
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&Argument> {
        self.call.argument(name)
    }
}
