/// Which rule a target is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rule {
    Library,
    Test,
}

impl Rule {
    pub(crate) const ALL: [Self; 2] = [Self::Library, Self::Test];

    /// What it is called in build files.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Library => "fastest_library",
            Self::Test => "fastest_test",
        }
    }
}

/// A target, as the graph wants it.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) rule: Rule,
    /// The folder of its package.
    pub(crate) package: String,
    /// The name that it gets where it has none.
    pub(crate) hint: String,
    /// Its name.
    pub(crate) name: String,
    /// The file of tests, by its path.
    pub(crate) src: Option<String>,
    /// The test, where it is for one of them.
    pub(crate) test: Option<String>,
    /// Source files, by path.
    pub(crate) srcs: Vec<String>,
    /// Other files, by path.
    pub(crate) data: Vec<String>,
    /// Targets, by their number.
    pub(crate) deps: Vec<usize>,
    /// Targets, by their number, as a link lets them appear in another package.
    pub(crate) seen: Vec<(String, usize)>,
    /// Labels that the configuration gives for distributions.
    pub(crate) labels: Vec<String>,
    pub(crate) imports: Vec<String>,
    pub(crate) distributions: Vec<String>,
    pub(crate) cases: Vec<String>,
}

impl Unit {
    pub(crate) fn new(rule: Rule, package: &str, hint: String) -> Self {
        Self {
            rule,
            package: package.to_owned(),
            hint,
            name: String::new(),
            src: None,
            test: None,
            srcs: Vec::new(),
            data: Vec::new(),
            deps: Vec::new(),
            seen: Vec::new(),
            labels: Vec::new(),
            imports: Vec::new(),
            distributions: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// The strings of an attribute that is compared as it is.
    pub(crate) fn texts(&self, attribute: &str) -> &[String] {
        match attribute {
            "cases" => &self.cases,
            "distributions" => &self.distributions,
            "imports" => &self.imports,
            _ => &[],
        }
    }
}
