use std::fmt;

use serde::{Deserialize, Serialize};

/// A pytest node id: `path/test_mod.py::TestClass::test_name[param]`.
///
/// The path is relative to the rootdir and uses `/` on every platform, as pytest prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(String);

impl NodeId {
    /// The node id that `text` spells; any text is one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The node id as pytest prints it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file part, before the first `::`.
    pub fn path(&self) -> &str {
        self.0.split("::").next().unwrap_or_default()
    }

    /// The names after the path, outermost first. A parameter id stays on the last name, and a
    /// `::` inside its brackets does not split it.
    pub fn names(&self) -> Vec<&str> {
        let Some((_, rest)) = self.0.split_once("::") else {
            return Vec::new();
        };
        let (names, params) = match rest.find('[') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let mut parts: Vec<&str> = names.split("::").collect();
        if !params.is_empty()
            && let Some(last) = parts.last_mut()
        {
            let start = rest.len() - params.len() - last.len();
            *last = &rest[start..];
        }
        parts
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for NodeId {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl AsRef<str> for NodeId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_parameters_whole() {
        let check = |text: &str, path: &str, names: &[&str]| {
            let id = NodeId::new(text);
            assert_eq!((id.path(), id.names().as_slice()), (path, names), "{text}");
        };
        check("a/test_b.py", "a/test_b.py", &[]);
        check("test_b.py::test_c", "test_b.py", &["test_c"]);
        check(
            "test_b.py::TestC::test_d[x::y]",
            "test_b.py",
            &["TestC", "test_d[x::y]"],
        );
    }
}
