//! The example, built and tested with the real programs: by a real Buck2 where `FASTEST_BUCK2` names one,
//! and by what its caching comes to in any case.
#![cfg(unix)]

mod small_buck2;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use fastest_rule_tests::repository;
use small_buck2::Project;

/// The folder of the runner and the replayer, built now, and an interpreter with pytest.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let Some(python) = std::env::var_os("FASTEST_TEST_PYTHON") else {
        eprintln!("skipped: FASTEST_TEST_PYTHON names no interpreter with pytest");
        return None;
    };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "-p",
        "fastest-buck2-runner",
        "-p",
        "fastest-buck2-replay",
    ]);
    let built = cargo
        .current_dir(repository())
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .unwrap();
    assert!(built.success());
    Some((repository().join("target/debug"), PathBuf::from(python)))
}

const TESTS: [&str; 4] = [
    "test_invoice",
    "test_convert",
    "test_cart",
    "test_discounts",
];

#[test]
fn what_nothing_has_changed_for_does_not_run() {
    let Some((programs, python)) = programs() else {
        return;
    };
    let mut project = Project::new(&repository(), &programs, &python);
    let (ran, _) = project.build();
    assert_eq!(ran, TESTS);
    assert_eq!(project.build().0, [""; 0]);
    for label in ["//shop/tests:test_cart", "//money/tests:test_convert"] {
        let output = project.test(label, None);
        assert!(output.status.success(), "{label}");
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{label}: {output:?}"
        );
    }
    let convert = "//money/tests:test_convert";
    assert!(project.test(convert, Some("test_kronor")).status.success());

    // Each edit, and the tests that have to run for it.
    let check = |project: &mut Project, (path, from, to): (&str, &str, &str), expected: &[&str]| {
        project.edit(path, from, to);
        assert_eq!(project.build().0, expected, "{path}");
    };
    check(
        &mut project,
        ("money/rates.py", "import csv", "import csv  # changed"),
        &TESTS,
    );
    check(
        &mut project,
        ("invoices/invoice.py", "def invoice", "\ndef invoice"),
        &["test_invoice"],
    );
    let in_shop = ["test_invoice", "test_cart", "test_discounts"];
    check(&mut project, ("shop/discounts.py", "0.5", "0.50"), &in_shop);
    check(
        &mut project,
        (
            "shop/tests/conftest.py",
            "import pytest",
            "import pytest  # changed",
        ),
        &["test_cart", "test_discounts"],
    );
    check(&mut project, ("money/rates.csv", "EUR", "EUR"), &[]);
    check(
        &mut project,
        ("money/rates.csv", "\n", "\nNOK,12.0\n"),
        &TESTS,
    );
    check(
        &mut project,
        (
            "shop/tests/test_cart.py",
            "def test_empty",
            "\ndef test_empty",
        ),
        &["test_cart"],
    );

    // Declared but not loaded: what it says does not matter, only that it is there.
    let deps = (
        "money/tests/BUCK",
        "\"//money:money\",",
        "\"//money:money\", \"//shop:cart\",",
    );
    check(&mut project, deps, &["test_convert"]);
    check(&mut project, ("shop/discounts.py", "0.50", "0.5"), &in_shop);
    project.edit("shop/extra.py", "", "x = 1\n");
    check(
        &mut project,
        (
            "shop/BUCK",
            "\"discounts.py\",",
            "\"discounts.py\", \"extra.py\",",
        ),
        &TESTS,
    );
    check(&mut project, ("shop/extra.py", "1", "2"), &[]);
}

#[test]
fn failures_run_again_and_what_is_not_declared_never_passes() {
    let Some((programs, python)) = programs() else {
        return;
    };
    let mut project = Project::new(&repository(), &programs, &python);
    let cart = "//shop/tests:test_cart";
    project.edit("shop/tests/test_cart.py", "== 0", "== 1");
    project.build();
    assert_eq!(project.build().0, [""; 0], "a failure is kept as well");
    let output = project.test(cart, None);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        printed.contains("test_empty") && printed.contains("1 failed, 1 passed"),
        "{printed}"
    );
    assert!(project.test(cart, Some("test_total")).status.success());
    assert!(!project.test(cart, Some("test_empty")).status.success());
    project.edit("shop/tests/test_cart.py", "== 1", "== 0");
    assert_eq!(project.build().0, ["test_cart"]);
    assert!(project.test(cart, None).status.success());

    let deps = "deps = [\n        \":money\",\n        \":rates\",\n    ],";
    project.edit("money/BUCK", deps, "deps = [\":money\"],");
    assert_eq!(project.build().0, TESTS);
    let output = project.test("//money/tests:test_convert", None);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(
        printed.contains("undeclared") && printed.contains("money/rates.py"),
        "{printed}"
    );
}

#[test]
fn verdicts_are_shared_by_machines_with_the_same_python() {
    let Some((programs, python)) = programs() else {
        return;
    };
    let mut project = Project::new(&repository(), &programs, &python);
    let name = "name = \"fastest\",\n    identity = \"lock-1\",";
    project.edit("toolchains/BUCK", "name = \"fastest\",", name);
    assert_eq!(project.build().0, TESTS);
    project.clean();
    let (ran, hit) = project.build();
    assert_eq!((ran.len(), hit.len()), (0, TESTS.len()), "{ran:?}");
    assert!(
        project
            .test("//invoices/tests:test_invoice", None)
            .status
            .success()
    );
    project.edit("toolchains/BUCK", "lock-1", "lock-2");
    assert_eq!(project.build().0, TESTS);
}

#[test]
fn the_page_s_commands_work_with_a_real_buck2() {
    let Some(buck2) = std::env::var_os("FASTEST_BUCK2") else {
        eprintln!("skipped: FASTEST_BUCK2 names no Buck2, which no package registry has");
        return;
    };
    let Some((programs, python)) = programs() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("work");
    let source = repository();
    for part in ["examples/buck2", "integrations/buck2/rules"] {
        let to = copied.join(part);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let mut copy = Command::new("cp");
        assert!(
            copy.arg("-r")
                .arg(source.join(part))
                .arg(&to)
                .status()
                .unwrap()
                .success()
        );
    }
    let project = copied.join("examples/buck2");
    let buck = project.join("toolchains/BUCK");
    let text = fs::read_to_string(&buck).unwrap();
    fs::write(&buck, text.replace("python3", &python.to_string_lossy())).unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(buck2, bin.join("buck2")).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{}:{path}", bin.display(), programs.display());
    let page = fs::read_to_string(project.join("README.md")).unwrap();
    let commands: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("    $ "))
        .collect();
    assert!(commands.len() > 3);
    let mut failed = None;
    for line in commands {
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(&project)
            .env("PATH", &path);
        let output = command.output().unwrap();
        if !output.status.success() {
            failed = Some(format!(
                "{line}\n{}",
                String::from_utf8_lossy(&output.stderr)
            ));
            break;
        }
    }
    let mut stop = Command::new(bin.join("buck2"));
    let _ = stop.arg("kill").current_dir(&project).output();
    assert_eq!(failed, None);
}
