use crate::execution::*;
use crate::plan::*;
use serde_json::json;
use std::path::PathBuf;

#[test]
fn smoke() {
    let dir = PathBuf::from(std::env::var("SMOKE_DIR").unwrap());
    let python = PathBuf::from("/tmp/py/v/bin/python");
    let cache = PathBuf::from("/tmp/smoke-cache");
    let mut files = vec![];
    for f in std::env::var("SMOKE_FILES").unwrap().split_whitespace() {
        files.push(PlannedFile { path: f.into(), abspath: dir.join(f), conftests: vec![], engine: Engine::Pytest, reasons: vec!["x".into()], ids: None, expected: None, tests: 1 });
    }
    let plan = Plan { files, ..Plan::default() };
    let options = RunOptions::default();
    let spawn = || Zygote::spawn(&python, &dir, &cache, Uncaptured::Stdout);
    let config = json!({"rootdir": dir, "invocation_dir": dir, "pythonpath": [], "basetemp": "/tmp/smoke-base/x", "pytest_args": ["--continue-on-collection-errors", "-p", "no:cacheprovider"]});
    let t = std::time::Instant::now();
    let ctx = RunContext { plan: &plan, options: &options, rootdir: "", config, zygote: spawn().unwrap(), spawn: &spawn, cancel: CancelToken::new(), workers: 2 };
    dispatch(ctx, &mut |e| println!("{:?} {}", t.elapsed(), serde_json::to_string(e).unwrap())).unwrap();
    println!("end {:?}", t.elapsed());
}
