//! Files that fail, skip themselves, or end the interpreter.

use fastest_lib::ErrorKind;

use crate::case::Case;

const OPEN: &str = "import pytest\n\
    @pytest.mark.parametrize('x', eval('[0, 1]'))\n\
    def test_open(x): pass\n";

/// A file that cannot be analysed and does this when it is imported.
fn open_that(does: &str) -> String {
    format!("{OPEN}globals().update()\n{does}\n")
}

#[test]
fn errors_at_import_are_problems() {
    let fails = open_that("import no_such_module");
    let raises = open_that("raise ValueError('no good')");
    let broken = "def test_broken(:\n";
    let case = Case::new(&[
        ("test_a.py", OPEN),
        ("test_b.py", &fails),
        ("test_c.py", &raises),
        ("test_d.py", broken),
    ]);
    let found = case.check(&[]);
    assert_eq!(found.report.errors, 3);
    let problems = &found.discovery.problems;
    let message = |path: &str| {
        let mut of_path = problems.iter().filter(|p| p.path.as_deref() == Some(path));
        let message = of_path.next().map(|problem| problem.message.clone());
        assert!(of_path.next().is_none(), "{problems:#?}");
        message.unwrap_or_else(|| panic!("no problem of {path}: {problems:#?}"))
    };
    assert!(message("test_b.py").contains("No module named 'no_such_module'"));
    assert!(message("test_c.py").contains("no good"));
    assert!(message("test_d.py").contains("SyntaxError"));
    // What could be collected is kept, what could not is tried again.
    let again = case.check(&[]);
    assert_eq!((again.report.errors, again.report.from_cache), (3, 1));
    case.write("no_such_module.py", "");
    assert_eq!(case.check(&[]).report.errors, 2);
}

#[test]
fn a_module_that_skips_itself_has_no_tests() {
    let skips = open_that("pytest.skip('not here', allow_module_level=True)");
    let needs = open_that("pytest.importorskip('no_such_module')");
    let case = Case::new(&[
        ("test_a.py", OPEN),
        ("test_b.py", &skips),
        ("test_c.py", &needs),
    ]);
    let found = case.check(&[]);
    assert_eq!(found.discovery.files.len(), 3);
    // Once the module is there, the file has tests.
    case.write("no_such_module.py", "");
    assert_eq!(case.check(&[]).ids.len(), 4);
}

#[test]
fn a_file_that_ends_the_interpreter_is_a_problem_and_the_others_are_resolved() {
    let cases = [
        ("import os; os._exit(7)", "exit code 7"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "SIGKILL",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "SIGSEGV",
        ),
        ("import os, signal; os.killpg(0, signal.SIGKILL)", "lost"),
    ];
    for (does, says) in cases {
        let deadly = open_that(does);
        let case = Case::new(&[
            ("test_a.py", OPEN),
            ("test_b.py", &deadly),
            ("test_c.py", OPEN),
        ]);
        let found = case.resolve(&[]).unwrap();
        assert_eq!(found.ids.len(), 4, "{does}: {:?}", found.report);
        assert_eq!(found.report.errors, 1, "{does}");
        let problem = &found.discovery.problems[0];
        assert_eq!(problem.path.as_deref(), Some("test_b.py"));
        assert!(
            problem.message.contains(says),
            "{does}: {}",
            problem.message
        );
        // It does not cost more than one interpreter again.
        let again = case.resolve(&[]).unwrap();
        assert_eq!(again.report.from_cache, 2, "{:?}", again.report);
        assert_eq!(again.ids, found.ids);
    }
}

#[test]
fn output_input_threads_and_children_at_import_do_no_harm() {
    let noisy = open_that(
        "import os, sys, threading, time\n\
         print('x' * 200000); print('y' * 200000, file=sys.stderr)\n\
         os.write(1, b'raw'); os.write(2, b'raw')\n\
         try:\n    input()\nexcept (EOFError, OSError):\n    pass\n\
         threading.Thread(target=time.sleep, args=(1000,)).start()",
    );
    let case = Case::new(&[("test_a.py", &noisy), ("test_b.py", OPEN)]);
    case.check_once_without_pytest(4);
    let forks = open_that(
        "import os, time\n\
         if not os.fork():\n    time.sleep(1000)",
    );
    let case = Case::new(&[("test_a.py", &forks)]);
    let found = case.resolve(&[]).unwrap();
    assert_eq!(found.ids.len(), 2);
    assert!(found.report.not_kept.is_some(), "it asks the world outside");
}

impl Case {
    fn check_once_without_pytest(&self, tests: usize) {
        assert_eq!(self.resolve(&[]).unwrap().ids.len(), tests);
    }
}

#[test]
fn an_interruption_gives_no_answer() {
    let case = Case::new(&[("test_a.py", &open_that("raise KeyboardInterrupt"))]);
    let found = case.resolve(&[]).unwrap();
    if found.report.errors == 1 {
        println!("this pytest takes it for an error of the file");
        return;
    }
    let reason = found.report.interrupted.as_deref();
    assert_eq!(reason, Some("KeyboardInterrupt"));
    assert!(found.discovery.files[0].tests[0].open.is_some());
}

#[test]
fn a_conftest_that_fails_or_ends_the_interpreter_is_an_error() {
    let check = |conftest: &str, kind: ErrorKind, says: &str| {
        let case = Case::new(&[("conftest.py", conftest), ("test_a.py", OPEN)]);
        let error = case.resolve(&[]).err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    };
    check("raise ValueError('no good')\n", ErrorKind::Usage, "no good");
    check(
        "import os; os._exit(3)\n",
        ErrorKind::Execution,
        "exit code 3",
    );
    let hook = "def pytest_collection_modifyitems(): raise ValueError('no good')\n";
    check(hook, ErrorKind::Execution, "no good");
}

#[test]
fn no_pytest_is_an_error_that_helps() {
    let hides = "raise ImportError('no pytest here')\n";
    let case = Case::new(&[("test_a.py", OPEN), ("hidden/pytest.py", hides)]);
    // A module of that name before the real one: the interpreter has none that can be used.
    let wrapper = format!(
        "#!/bin/sh\nPYTHONPATH='{}' exec '{}' \"$@\"\n",
        case.root().join("hidden").display(),
        std::env::var("FASTEST_TEST_PYTHON").unwrap(),
    );
    case.replace_python(&wrapper);
    let error = case.resolve(&[]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Interpreter, "{error}");
    assert!(error.help().unwrap().contains("pytest 8.0"), "{error}");
    case.replace_python("#!/bin/sh\nexit 1\n");
    let error = case.resolve(&[]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Interpreter, "{error}");
}
