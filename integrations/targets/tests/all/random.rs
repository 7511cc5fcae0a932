//! Random projects with random build files: nothing of other people is lost, twice is once, and tests have
//! their inputs.

use fastest_targets::Kind;
use proptest::prelude::*;

use crate::project::Project;

const FOLDERS: &[&str] = &["", "a", "a/b", "c", "tests"];

const FILES: &[&str] = &[
    "__init__.py",
    "m.py",
    "n.py",
    "conftest.py",
    "test_m.py",
    "test_n.py",
    "data.json",
];

const LINES: &[&str] = &[
    "import a.m",
    "import a",
    "from a.b import n",
    "from c import m, n",
    "import tests.test_m",
    "from . import n",
    "NAMES = ['a.m', 'c.n:X']",
    "import importlib\nimportlib.import_module(NAME)",
    "from pathlib import Path\nopen(Path(__file__).parent / 'data.json')",
    "from pathlib import Path\nlist(Path(__file__).parent.iterdir())",
    "open('a/b/data.json')",
    "import pkgutil, a\nlist(pkgutil.iter_modules(a.__path__))",
];

/// What other people write: it stays as it is.
const FOREIGN: &[&str] = &[
    "# A remark alone.\n",
    "genrule(\n    name = \"g\",\n    outs = [\"o\"],   # odd\n)\n",
    "# About the next one.\npy_library(name='lib',srcs=[\"m.py\"])\n",
    "X = [\n    # inside\n    \"y\",\n]\n",
    "def f():\n    # within\n    return 1\n",
    "exports_files([\"data.json\"])  # for all\n",
    "# keep\nfastest_library(\n    name = \"kept\",\n    srcs = [\"gone.py\"],\n)\n",
    "[genrule(name = n) for n in X]\n",
    "\"\"\"A text.\"\"\"\n",
];

/// What people write into targets of ours; `FILE` is a file of the package.
const OWN: &[&str] = &[
    "fastest_library(\n    name = \"own\",\n    # first\n    srcs = [\n        # m\n        \"m.py\",\n        \"gone.py\",\n    ],\n    tags = [\"t\"],  # mine\n    deps = [\"//x:y\"],  # keep\n)\n",
    "fastest_test(\n    name = \"mine\",\n    size = \"small\",  # quick\n    src = \"test_m.py\",\n    env = {\n        # set\n        \"A\": \"1\",\n    },\n)\n",
    "fastest_library(name = \"short\", srcs = [\"n.py\"], testonly = True)\n",
    "fastest_library(\n    name = \"gone\",\n    srcs = [\"nowhere.py\"],\n)\n",
];

/// What has to be there whenever the file that it is about is.
const MINE: &[(&str, &[&str])] = &[
    (
        "m.py",
        &[
            "# first\n",
            "# m\n",
            "tags = [\"t\"],  # mine\n",
            "\"//x:y\"],  # keep\n",
            "name = \"own\"",
        ],
    ),
    (
        "test_m.py",
        &[
            "name = \"mine\"",
            "size = \"small\",  # quick\n",
            "        # set\n        \"A\": \"1\",\n",
        ],
    ),
    ("n.py", &["name = \"short\"", "testonly = True"]),
];

#[derive(Clone, Debug)]
struct Random {
    sources: Vec<(String, String)>,
    /// For folders the statements of their build files.
    builds: Vec<(String, Vec<&'static str>)>,
}

fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

fn random() -> impl Strategy<Value = Random> {
    let pick = |all: &'static [&'static str]| prop::sample::select(all);
    let text = prop::collection::vec(pick(LINES), 0..4);
    let source = (pick(FOLDERS), pick(FILES), text);
    let statement = prop_oneof![3 => pick(FOREIGN), 2 => pick(OWN)];
    let build = (pick(FOLDERS), prop::collection::vec(statement, 1..6));
    (
        prop::collection::vec(source, 1..14),
        prop::collection::vec(build, 0..3),
    )
        .prop_map(|(sources, builds)| Random {
            sources: sources
                .into_iter()
                .map(|(folder, file, lines)| (joined(folder, file), lines.join("\n") + "\n"))
                .collect(),
            builds: builds
                .into_iter()
                .map(|(folder, mut statements)| {
                    // A name that is there twice is an error of Bazel's.
                    let mut seen = Vec::new();
                    statements.retain(|statement| {
                        let is_new = !seen.contains(statement);
                        seen.push(*statement);
                        is_new
                    });
                    (folder.to_owned(), statements)
                })
                .collect(),
        })
}

fn check(random: &Random, kind: Kind) {
    let sources = random.sources.iter();
    let project = Project::new(
        kind,
        sources.map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let name = project.system.new_file.clone();
    let mut written: Vec<(String, Vec<&str>)> = Vec::new();
    for (folder, statements) in &random.builds {
        let path = joined(folder, &name);
        if !project.path(folder).is_dir() || written.iter().any(|(other, _)| *other == path) {
            continue;
        }
        project.write(&path, &statements.join("\n"));
        written.push((path, statements.clone()));
    }
    project.update();
    for (path, statements) in &written {
        let text = project.read(path);
        let mut rest = text.as_str();
        for foreign in statements
            .iter()
            .filter(|statement| FOREIGN.contains(statement))
        {
            let Some(at) = rest.find(foreign.trim_end()) else {
                panic!("lost:\n{foreign}\nof {statements:#?}\nin\n{text}");
            };
            rest = &rest[at + foreign.trim_end().len()..];
        }
        let folder = path.strip_suffix(name.as_str()).unwrap();
        for (file, parts) in MINE {
            let own = OWN.iter().find(|own| own.contains(&format!("\"{file}\"")));
            if !statements.contains(own.unwrap())
                || !project.path(&format!("{folder}{file}")).is_file()
            {
                continue;
            }
            for part in *parts {
                assert!(
                    text.contains(part),
                    "lost: {part}\nof {statements:#?}\nin\n{text}"
                );
            }
        }
        assert!(!text.contains("nowhere.py"), "{text}");
    }
    if written.is_empty() {
        project.check_inputs();
    }
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_asked { default.cases } else { 96 },
        max_shrink_iters: 300,
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_people_wrote_is_kept_and_tests_have_their_inputs(random in random()) {
        check(&random, Kind::Bazel);
        check(&random, Kind::Buck2);
    }
}
