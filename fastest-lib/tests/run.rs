//! Running a plan through the library.

use std::path::PathBuf;

use fastest_lib::Session;
use fastest_lib::plan::{Plan, RunOptions};
use fastest_lib::report::ExitCode;
use fastest_lib::workspace::WorkspaceOptions;

#[test]
fn a_folder_that_cannot_be_read_fails_the_run() {
    let python = std::env::var_os("FASTEST_TEST_PYTHON");
    let python = python.expect("FASTEST_TEST_PYTHON is not set; run `cargo xtask test`");
    let folder = tempfile::tempdir().unwrap();
    let mut options = WorkspaceOptions::from_env(folder.path());
    options.python = Some(PathBuf::from(python));
    options.cache_dir = Some(folder.path().join("cache"));
    let session = Session::open(options).unwrap();
    // Made by hand: the superuser can read every folder.
    let mut plan = Plan::default();
    plan.unreadable
        .push(("locked".to_owned(), "cannot be read".to_owned()));
    let report = session.run(&plan, &RunOptions::default(), |_| {}).unwrap();
    assert_eq!(report.exit_code(), ExitCode::TestsFailed);
    let collect: Vec<&str> = report.collect.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(collect, ["locked"]);
}
