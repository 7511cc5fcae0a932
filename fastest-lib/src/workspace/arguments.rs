use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::paths;
use super::text;
use crate::{Error, ErrorKind, Result};

/// A path that is to be collected, and below a file the node that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument {
    /// The file or folder, absolute.
    pub path: PathBuf,
    /// The names after the path, outermost first, without parameters.
    pub names: Vec<String>,
    /// The parameter part of the last name, with its brackets.
    pub parameters: Option<String>,
}

impl Argument {
    /// Reads an argument as typed.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] when the path is not there, or is a folder and names follow.
    pub(crate) fn resolve(invocation_dir: &Path, text: &str) -> Result<Self> {
        let (base, parameters) = match text.find('[') {
            Some(at) => (&text[..at], Some(text[at..].to_owned())),
            None => (text, None),
        };
        let mut parts = base.split("::");
        let typed = parts.next().unwrap_or_default();
        let names: Vec<String> = parts.map(str::to_owned).collect();
        if parameters.is_some() && names.is_empty() {
            return Err(usage(format!(
                "a path cannot have parameters in brackets: {text}"
            )));
        }
        let path = paths::absolute(invocation_dir, typed);
        if !path.exists() {
            return Err(usage(format!("file or directory not found: {text}"))
                .with_help(help_for_missing(invocation_dir, &path)));
        }
        if !names.is_empty() && path.is_dir() {
            return Err(usage(format!(
                "a folder cannot be followed by `::` and names: {text}"
            ))
            .with_help("name a file of that folder before the `::`"));
        }
        Ok(Self {
            path,
            names,
            parameters,
        })
    }

    /// The names with the parameters on the last one.
    pub(crate) fn full_names(&self) -> Vec<String> {
        let mut names = self.names.clone();
        if let (Some(last), Some(parameters)) = (names.last_mut(), &self.parameters) {
            last.push_str(parameters);
        }
        names
    }

    /// Whether collecting `other` collects this too.
    fn is_within(&self, other: &Self) -> bool {
        if self.path != other.path {
            return other.names.is_empty() && self.path.starts_with(&other.path);
        }
        self.names.starts_with(&other.names)
            && (other.parameters.is_none() || other.parameters == self.parameters)
    }

    fn order(&self, other: &Self) -> Ordering {
        (&self.path, &self.names, &self.parameters).cmp(&(
            &other.path,
            &other.names,
            &other.parameters,
        ))
    }
}

/// The arguments without those that another one collects too, in their order.
pub(crate) fn normalize(arguments: Vec<Argument>) -> Vec<Argument> {
    let mut sorted: Vec<(usize, Argument)> = arguments.into_iter().enumerate().collect();
    // An argument sorts right before those that lie within it.
    sorted.sort_by(|(_, a), (_, b)| a.order(b));
    let mut kept: Vec<(usize, Argument)> = Vec::new();
    for (index, argument) in sorted {
        if !kept
            .last()
            .is_some_and(|(_, last)| argument.is_within(last))
        {
            kept.push((index, argument));
        }
    }
    kept.sort_by_key(|(index, _)| *index);
    kept.into_iter().map(|(_, argument)| argument).collect()
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}

/// Names the folder that is there, and what in it has nearly the name that is not.
fn help_for_missing(invocation_dir: &Path, path: &Path) -> String {
    let Some((missing, folder)) = path
        .ancestors()
        .zip(path.ancestors().skip(1))
        .find(|(_, folder)| folder.is_dir())
    else {
        return "check the spelling of the path".to_owned();
    };
    let wanted = missing.file_name().unwrap_or_default().to_string_lossy();
    let entries: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    match text::nearest(&wanted, entries.iter().map(String::as_str)) {
        Some(near) => format!(
            "did you mean {}?",
            paths::relative(invocation_dir, &folder.join(near))
        ),
        None => format!(
            "there is no {wanted} in {}; paths are relative to {}",
            folder.display(),
            invocation_dir.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_within_others_are_dropped() {
        let check = |given: &[&str], kept: &[&str]| {
            let parse = |text: &&str| {
                let (base, parameters) = match text.find('[') {
                    Some(at) => (&text[..at], Some(text[at..].to_owned())),
                    None => (*text, None),
                };
                let mut parts = base.split("::").map(str::to_owned);
                Argument {
                    path: Path::new("/w").join(parts.next().unwrap()),
                    names: parts.collect(),
                    parameters,
                }
            };
            let given: Vec<Argument> = given.iter().map(parse).collect();
            let kept: Vec<Argument> = kept.iter().map(parse).collect();
            assert_eq!(normalize(given), kept);
        };
        check(&["b", "a", "b"], &["b", "a"]);
        check(&["a/b/c", "a", "a/b"], &["a"]);
        check(&["ab", "a"], &["ab", "a"]);
        check(&["a::T::x", "a::T", "a::U"], &["a::T", "a::U"]);
        check(&["a::x[1]", "a::x[2]", "a::x[1]"], &["a::x[1]", "a::x[2]"]);
        check(&["a::x[1]", "a::x"], &["a::x"]);
        check(&["a::x", "a"], &["a"]);
    }
}
