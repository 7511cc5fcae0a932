use std::collections::BTreeSet;

use fastest_lib::selection::FileRole::{
    Conftest, Harmless, Interpreter, Other, PytestConfig, Python, Requirements,
};
use fastest_lib::selection::{HARMLESS, what_it_is};

#[test]
fn names_tell_the_role() {
    let table = [
        (
            Python,
            "a.py sub/test_a.py docs/conf.py script.pyw .github/tool.py",
        ),
        (Conftest, "conftest.py sub/conftest.py"),
        (
            Requirements,
            "requirements.txt requirements-dev.txt test_requirements.txt sub/requirements.in \
             requirements/ci.txt requirements/deep/ci.in constraints.txt poetry.lock uv.lock \
             pdm.lock pylock.toml pylock.ci.toml Pipfile Pipfile.lock environment.yml \
             ci/environment-3.9.yaml conda.yml setup.py sub/setup.py",
        ),
        (
            PytestConfig,
            "pytest.ini .pytest.ini pytest.toml tox.ini setup.cfg pyproject.toml sub/pyproject.toml",
        ),
        (
            Interpreter,
            ".python-version runtime.txt .tool-versions mise.toml",
        ),
        (
            Harmless,
            "README.md CHANGES.rst docs/a.md docs/deep/er/b.rst LICENSE sub/LICENSE.txt .gitignore \
             sub/.gitignore .github/workflows/ci.yml .pre-commit-config.yaml Dockerfile \
             Dockerfile.dev .vscode/settings.json ruff.toml mypy.ini newsfragments/1.bugfix x.swp",
        ),
        (
            Other,
            "sub/README.md tests/data/x.rst data.json a.pyi a.pyx a.c MANIFEST.in package.lock \
             sub/Dockerfile config.in github/x.yml docs/data.txt a.pyc notes.txt",
        ),
    ];
    for (role, paths) in table {
        for path in paths.split_whitespace() {
            assert_eq!(what_it_is(path), role, "{path}");
        }
    }
}

#[test]
fn the_list_of_harmless_files_names_each_once() {
    let patterns: BTreeSet<&str> = HARMLESS.iter().map(|(pattern, _)| *pattern).collect();
    assert_eq!(patterns.len(), HARMLESS.len());
    for (pattern, what) in HARMLESS {
        assert!(!what.is_empty(), "{pattern}");
        let example = pattern
            .trim_start_matches('/')
            .replace("**/", "a/b/")
            .replace("**", "a/b")
            .replace('*', "x");
        assert_eq!(what_it_is(&example), Harmless, "{pattern}: {example}");
    }
}
