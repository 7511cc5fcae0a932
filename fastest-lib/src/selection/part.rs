use serde::Serialize;

/// Some of the tests of a file, told by their node ids: what one worker is given of it at a time.
///
/// A test is meant by its own node id, or by that of the class or file directly around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Part {
    /// Node ids of tests, and of classes and files.
    pub ids: Vec<String>,
    /// Whether the tests that these mean are wanted; else all others are.
    pub wanted: bool,
    /// Which of the file's other tests are as if they were not there.
    pub silent: Silent,
}

/// The unwanted tests of a [`Part`] that do not count as deselected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Silent {
    /// None: each counts.
    #[default]
    None,
    /// Those outside of classes.
    Functions,
    /// All: they run with another part, or in another place.
    All,
}
