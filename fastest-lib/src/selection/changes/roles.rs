use serde::Serialize;

/// What a file is to the tests, by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileRole {
    /// A Python module or script.
    Python,
    /// A `conftest.py`.
    Conftest,
    /// It names distributions: see [`changed_distributions`](super::changed_distributions).
    Requirements,
    /// It can hold pytest's configuration: see [`config_change`](super::config_change).
    PytestConfig,
    /// It says which Python is to be used.
    Interpreter,
    /// Without bearing on any test, unless one reads it or it is one: see [`HARMLESS`].
    Harmless,
    /// Any other file: data, sources of extension modules, …
    Other,
}

/// The files that are harmless unless a test reads them or they are tests, and what they are. A pattern with a `/`
/// is about the path from the rootdir, another one about the name in any folder; `*` stands for
/// any part of a name, `**` for any number of folders.
pub const HARMLESS: &[(&str, &str)] = &[
    ("/*.md", "documentation"),
    ("/*.rst", "documentation"),
    ("doc/**/*.md", "documentation"),
    ("doc/**/*.rst", "documentation"),
    ("docs/**/*.md", "documentation"),
    ("docs/**/*.rst", "documentation"),
    ("changelog.d/**", "news fragments"),
    ("newsfragments/**", "news fragments"),
    ("/AUTHORS*", "project metadata"),
    ("/CHANGELOG*", "project metadata"),
    ("/CHANGES*", "project metadata"),
    ("/CITATION.cff", "project metadata"),
    ("/CODEOWNERS", "project metadata"),
    ("/CONTRIBUTING*", "project metadata"),
    ("/NEWS*", "project metadata"),
    ("LICENSE*", "project metadata"),
    ("LICENCE*", "project metadata"),
    ("COPYING*", "project metadata"),
    ("NOTICE*", "project metadata"),
    (".gitignore", "version control"),
    (".gitattributes", "version control"),
    (".git-blame-ignore-revs", "version control"),
    (".mailmap", "version control"),
    (".gitkeep", "version control"),
    (".hgignore", "version control"),
    (".hgtags", "version control"),
    (".github/**", "continuous integration"),
    (".circleci/**", "continuous integration"),
    (".gitlab/**", "continuous integration"),
    (".buildkite/**", "continuous integration"),
    ("/.gitlab-ci.yml", "continuous integration"),
    ("/.travis.yml", "continuous integration"),
    ("/.appveyor.yml", "continuous integration"),
    ("/appveyor.yml", "continuous integration"),
    ("/azure-pipelines.yml", "continuous integration"),
    ("/.cirrus.yml", "continuous integration"),
    ("/bitbucket-pipelines.yml", "continuous integration"),
    ("/Jenkinsfile", "continuous integration"),
    ("/codecov.yml", "continuous integration"),
    ("/.codecov.yml", "continuous integration"),
    ("/.readthedocs.yml", "continuous integration"),
    ("/.readthedocs.yaml", "continuous integration"),
    ("/renovate.json", "continuous integration"),
    ("BUCK", "build systems"),
    ("BUCK.v2", "build systems"),
    ("BUILD", "build systems"),
    ("BUILD.bazel", "build systems"),
    ("*.bzl", "build systems"),
    ("/.bazelignore", "build systems"),
    ("/.bazelrc", "build systems"),
    ("/.bazelversion", "build systems"),
    ("/.buckconfig", "build systems"),
    ("/MODULE.bazel", "build systems"),
    ("/MODULE.bazel.lock", "build systems"),
    ("/WORKSPACE", "build systems"),
    ("/WORKSPACE.bazel", "build systems"),
    ("/Dockerfile*", "containers"),
    ("/docker-compose*.yml", "containers"),
    ("/docker-compose*.yaml", "containers"),
    ("/.dockerignore", "containers"),
    (".devcontainer/**", "containers"),
    (".vscode/**", "editors"),
    (".idea/**", "editors"),
    (".editorconfig", "editors"),
    ("*.code-workspace", "editors"),
    (".DS_Store", "editors"),
    ("*.swp", "editors"),
    ("*~", "editors"),
    ("/.pre-commit-config.yaml", "linters and formatters"),
    ("/.pre-commit-hooks.yaml", "linters and formatters"),
    ("/.flake8", "linters and formatters"),
    ("/.isort.cfg", "linters and formatters"),
    ("/.pylintrc", "linters and formatters"),
    ("/pylintrc", "linters and formatters"),
    ("/ruff.toml", "linters and formatters"),
    ("/.ruff.toml", "linters and formatters"),
    ("/mypy.ini", "linters and formatters"),
    ("/.mypy.ini", "linters and formatters"),
    ("/pyrightconfig.json", "linters and formatters"),
    ("/.yamllint*", "linters and formatters"),
    ("/.markdownlint*", "linters and formatters"),
    ("/.prettier*", "linters and formatters"),
    ("/.codespellrc", "linters and formatters"),
    ("/.bumpversion.cfg", "release tools"),
    ("/.bumpversion.toml", "release tools"),
    ("/cliff.toml", "release tools"),
    ("/mkdocs.yml", "documentation"),
];

const INTERPRETER: &[&str] = &[
    ".python-version",
    "runtime.txt",
    ".tool-versions",
    "mise.toml",
    ".mise.toml",
];

const PYTEST_CONFIG: &[&str] = &[
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
];

/// The kinds of files that name distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// pip's requirements and constraints.
    Pip,
    /// A lock file in TOML with a list of packages.
    TomlLock,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `Pipfile`.
    Pipfile,
    /// conda's environment in YAML.
    Conda,
    /// `setup.py`, which only Python can read.
    Program,
}

/// The role of a file, given relative to the rootdir with `/`.
pub fn what_it_is(path: &str) -> FileRole {
    let name = name_of(path);
    if name == "conftest.py" {
        FileRole::Conftest
    } else if PYTEST_CONFIG.contains(&name) {
        FileRole::PytestConfig
    } else if INTERPRETER.contains(&name) {
        FileRole::Interpreter
    } else if format_of(path).is_some() {
        FileRole::Requirements
    } else if name.ends_with(".py") || name.ends_with(".pyw") {
        FileRole::Python
    } else if HARMLESS.iter().any(|(pattern, _)| matches(pattern, path)) {
        FileRole::Harmless
    } else {
        FileRole::Other
    }
}

/// How a file names distributions; none when it is no such file.
pub(super) fn format_of(path: &str) -> Option<Format> {
    let name = name_of(path);
    let lower = name.to_ascii_lowercase();
    let (stem, suffix) = lower.rsplit_once('.').unwrap_or((&lower, ""));
    let pip_folder = || {
        let mut folders = path.split('/').rev().skip(1);
        folders.any(|folder| matches!(folder, "requirements" | "constraints" | "reqs"))
    };
    let pip_name = || {
        let kinds = ["requirements", "constraints"];
        kinds.iter().any(|kind| stem.contains(kind))
    };
    match name {
        "setup.py" => Some(Format::Program),
        "poetry.lock" | "uv.lock" | "pdm.lock" => Some(Format::TomlLock),
        "Pipfile.lock" => Some(Format::PipfileLock),
        "Pipfile" => Some(Format::Pipfile),
        "MANIFEST.in" => None,
        _ if stem.starts_with("pylock") && suffix == "toml" => Some(Format::TomlLock),
        _ if matches!(suffix, "txt" | "in") && (pip_name() || pip_folder()) => Some(Format::Pip),
        _ if matches!(suffix, "yml" | "yaml")
            && (stem.starts_with("environment") || stem.starts_with("conda")) =>
        {
            Some(Format::Conda)
        }
        _ => None,
    }
}

pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a pattern of [`HARMLESS`] is about a path.
fn matches(pattern: &str, path: &str) -> bool {
    if !pattern.contains('/') {
        return matches_name(pattern, name_of(path));
    }
    let pattern: Vec<&str> = pattern.trim_start_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    matches_path(&pattern, &path)
}

fn matches_path(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        (["**"], path) => !path.is_empty(),
        (["**", rest @ ..], path) => (0..=path.len()).any(|skip| matches_path(rest, &path[skip..])),
        ([first, rest @ ..], [name, below @ ..]) => {
            matches_name(first, name) && matches_path(rest, below)
        }
        _ => false,
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| matches_name(rest, &name[at..]))
        }),
    }
}
