//! `fastest run --hermetic`: test files as closed units.

use serde_json::Value;

use crate::support::{Finished, Project, check_each, project};

const ENGINES: &[&str] = &["native", "pytest"];

/// A hermetic run with these variables in the environment of the command.
fn prepared(
    project: &Project,
    engine: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Finished {
    let mut all = vec!["--hermetic"];
    all.extend(arguments);
    let mut started = project.prepared(engine, &all);
    started.command.envs(variables.iter().copied());
    started.finish_clean()
}

/// What a test has printed as one line of JSON.
fn printed(finished: &Finished, id: &str) -> Value {
    let events = finished.events();
    let test = events.iter().find(|event| event["id"] == id).unwrap();
    let phases = test["phases"].as_array().unwrap();
    let mut sections = phases
        .iter()
        .flat_map(|phase| phase["sections"].as_array().into_iter().flatten());
    let text = sections.find_map(|section| section[1].as_str()).unwrap();
    serde_json::from_str(text.trim()).unwrap()
}

const SHOWS_ENVIRONMENT: &str = "import json, os, sys, tempfile\n\
    def test_shown():\n    \
        print(json.dumps([dict(os.environ), tempfile.gettempdir(), sys.stdin.isatty(), hash('a')]))\n    \
        assert 0\n";

#[test]
fn the_environment_is_a_fixed_one_and_what_is_declared() {
    let settings = "[tool.fastest.hermetic]\n\
        environment = { MODE = 'test', TZ = 'Asia/Tokyo' }\n\
        pass-environment = ['PASSED', 'ABSENT']\n";
    check_each(ENGINES, |engine| {
        let project = project(&[
            ("pyproject.toml", settings),
            ("test_a.py", SHOWS_ENVIRONMENT),
        ]);
        let variables = [("PASSED", "1"), ("SECRET", "1"), ("PYTHONHASHSEED", "7")];
        let shown = |_| {
            let finished = prepared(&project, engine, &[], &variables);
            printed(&finished, "test_a.py::test_shown")
        };
        let [first, second] = [0, 1].map(shown);
        let environment = first[0].as_object().unwrap();
        let of_pytest = |name: &&String| name.starts_with("PYTEST_");
        let mut names: Vec<_> = environment.keys().filter(|name| !of_pytest(name)).collect();
        names.sort();
        let expected = [
            "HOME",
            "LC_ALL",
            "MODE",
            "PASSED",
            "PATH",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONHASHSEED",
            "PYTHONNOUSERSITE",
            "TMPDIR",
            "TZ",
        ];
        assert_eq!(names, expected);
        assert_eq!(environment["TZ"], "Asia/Tokyo");
        assert_eq!(environment["PYTHONHASHSEED"], "0");
        assert_eq!(first[1], environment["TMPDIR"]);
        assert_eq!(first[2], false);
        assert_eq!(first[3], second[3], "the seed of hashes is not fixed");
        assert_ne!(first[1], second[1], "a TMPDIR is used twice");
    });
}
