//! `cargo xtask bench bazel`: what one `fastest_test` on a trivial file costs, beside a rule that runs
//! `python -m pytest FILE`: the program of the action alone, in the same runfiles and environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use super::cost::{Costs, Figure, Verdict};
use super::measure::Spread;
use crate::measured::{Files, measure};
use crate::process::{pass_through, shown, succeed};
use crate::repo;

/// Of the CPU time of `python -m pytest FILE`.
const LIMIT: f64 = 0.4;

const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The package and the program.
const RUNNER: &str = "fastest-bazel-runner";

/// The target's folder, as Bazel lays it out.
struct Target {
    folder: PathBuf,
    python: PathBuf,
}

impl Target {
    /// `//t:one` with a trivial file, and a runner that is prepared as the toolchain's action does it.
    fn write(dir: &Path, python: &Path) -> Result<Self> {
        let folder = dir.join("bazel");
        let target = Self {
            python: python.to_owned(),
            folder,
        };
        if target.folder.exists() {
            fs::remove_dir_all(&target.folder)?;
        }
        let package = target.root().join("t");
        fs::create_dir_all(&package)
            .with_context(|| format!("cannot create {}", package.display()))?;
        fs::write(
            package.join("test_one.py"),
            "def test_one():\n    assert 1 + 1 == 2\n",
        )?;
        let manifest = format!(
            "version\t1\nlabel\t//t:one\nsrc\tt/test_one.py\npython\t{}\n\
             input\tt/test_one.py\tt/test_one.py\t//t:test_one.py\n",
            python.display()
        );
        fs::write(package.join("one.fastest"), manifest)?;
        let mut prepare = Command::new(build()?);
        prepare.arg("--prepare").arg(package.join("one"));
        succeed(prepare.arg("--python").arg(python), RUN_LIMIT)?;
        Ok(target)
    }

    fn root(&self) -> PathBuf {
        self.folder.join("one.runfiles/__main__")
    }

    /// The environment of the action, with an empty folder for temporary files.
    fn command(&self, program: &Path, arguments: &[&str]) -> Result<Command> {
        let temporary = self.folder.join("tmp");
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        fs::create_dir_all(&temporary)?;
        let path = |name: &str| self.folder.join(name).into_os_string();
        let variables = BTreeMap::from([
            ("HOME", path("tmp")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
            // Bazel's runfiles cannot be written to.
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            ("TEST_SRCDIR", path("one.runfiles")),
            ("TEST_TMPDIR", path("tmp")),
            ("TEST_WORKSPACE", "__main__".into()),
            ("TMPDIR", path("tmp")),
            ("XML_OUTPUT_FILE", path("tmp/test.xml")),
        ]);
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.root());
        command.env_clear().envs(variables);
        Ok(command)
    }

    fn runner(&self) -> Result<Command> {
        self.command(&self.root().join("t/one"), &[])
    }

    fn pytest(&self) -> Result<Command> {
        let xml = format!("--junit-xml={}", self.folder.join("tmp/test.xml").display());
        let options = [
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            &xml,
            "t/test_one.py",
        ];
        self.command(&self.python, &options)
    }
}

/// The release build.
fn build() -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--package", RUNNER]);
    let (built, _) = pass_through(command.current_dir(repo::root()))?;
    ensure!(
        built,
        "`{}` failed; its messages are above",
        shown(&command)
    );
    Ok(repo::target().join("release").join(RUNNER))
}

pub(super) fn run(bench: &Bench) -> Result<(Value, Vec<String>)> {
    let target = Target::write(&bench.dir, &bench.venv.python())?;
    let dir = bench.dir.join("runs").join("bazel");
    let names = ["python -m pytest", RUNNER];
    let mut costs = names.map(|_| Costs(Vec::new()));
    // The first round warms up.
    for round in 0..=bench.runs {
        for (at, costs) in costs.iter_mut().enumerate() {
            let command = if at == 0 {
                target.pytest()?
            } else {
                target.runner()?
            };
            let place = dir.join(names[at]);
            let usage = measure(&command, &place, RUN_LIMIT)?;
            let said = fs::read_to_string(Files::at(&place).stdout()).unwrap_or_default();
            ensure!(
                usage.code == 0 && said.contains("1 passed"),
                "{} ended with exit code {}: {said}",
                names[at],
                usage.code
            );
            if round > 0 {
                costs.0.push(usage);
            }
        }
    }
    bench
        .printer
        .line("bazel: one test, without test-setup.sh".to_owned());
    let mut runners = serde_json::Map::new();
    for (name, costs) in names.iter().zip(&costs) {
        bench.printer.line(format!("  {}", costs.line(name, "")));
        runners.insert((*name).to_owned(), Value::Object(costs.json()));
    }
    let [pytest, fastest] = &costs;
    let pairs = pytest.0.iter().zip(&fastest.0);
    let cpu = Spread::of(pairs.map(|(one, two)| two.cpu / one.cpu)).median;
    let verdicts = [
        Verdict {
            what: "CPU of a test action to that of python -m pytest".to_owned(),
            measured: cpu,
            limit: Some(LIMIT),
        },
        Verdict {
            what: "wall of the same".to_owned(),
            measured: fastest.median(Figure::Wall) / pytest.median(Figure::Wall),
            limit: None,
        },
    ];
    for verdict in &verdicts {
        bench.printer.line(format!("  {}", verdict.line()));
    }
    let verdicts: Vec<Value> = verdicts.iter().map(Verdict::json).collect();
    Ok((
        json!({"runners": runners, "verdicts": verdicts}),
        Vec::new(),
    ))
}
