//! The names of the corpora.

/// A tree of files that programs are measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Name {
    /// The generated corpus: 10,000 tests in 500 files.
    Many,
    /// The tests of pandas.
    Pandas,
    /// About 24,000 files of ten projects side by side.
    Tree,
    /// About 8,000 files of homeassistant.
    Homeassistant,
    /// sympy, as a repository.
    Sympy,
    /// Generated packages that import each other: up to 100,000 files and 1,000,000 tests.
    Monorepo,
}

impl Name {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Many => "many",
            Self::Pandas => "pandas",
            Self::Tree => "tree",
            Self::Homeassistant => "homeassistant",
            Self::Sympy => "sympy",
            Self::Monorepo => "monorepo",
        }
    }

    /// Those `of` a benchmark that were asked for: all when none was.
    pub(super) fn chosen(of: &[Self], asked: &[Self]) -> Vec<Self> {
        let is_asked = |name: &Self| asked.is_empty() || asked.contains(name);
        of.iter().copied().filter(is_asked).collect()
    }
}
