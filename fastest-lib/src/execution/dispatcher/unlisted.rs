//! Files that pytest's tree has and discovery does not: plugins collect them, or hooks that a conftest
//! imports.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Dispatcher;
use crate::plan::{Engine, PlannedFile};
use crate::workspace::EngineChoice;

impl Dispatcher<'_, '_> {
    /// Has files run that a worker was not told of, unless they were left out on purpose.
    pub(super) fn on_unlisted(&mut self, files: Vec<(PathBuf, String)>) {
        let plan = self.context.plan;
        let planned = plan.files.iter().chain(self.ledger.found());
        let known: HashSet<&Path> = planned
            .map(|file| file.abspath.as_path())
            .chain(plan.left_out.iter().map(PathBuf::as_path))
            .collect();
        let is_new = |(path, _): &(PathBuf, String)| !known.contains(path.as_path());
        let unlisted: Vec<PlannedFile> =
            files.into_iter().filter(is_new).map(planned_file).collect();
        if unlisted.is_empty() || self.stopping {
            return;
        }
        let paths: Vec<String> = unlisted.iter().map(|file| file.path.clone()).collect();
        let may_run = self.context.options.engine != EngineChoice::Native;
        if !may_run || !self.ledger.add(unlisted) {
            for path in paths {
                let message = "pytest collects this file, and discovery did not know of it";
                self.collect_error(path, message.to_owned());
            }
        }
    }
}

fn planned_file((abspath, path): (PathBuf, String)) -> PlannedFile {
    PlannedFile {
        path,
        abspath,
        conftests: Vec::new(),
        shared_fixtures: Vec::new(),
        together: None,
        engine: Engine::Pytest,
        reasons: vec!["only pytest collects it".to_owned()],
        ids: None,
        expected: None,
        is_doctest: false,
        is_candidate: true,
        tests: 0,
        classes: Vec::new(),
        part: None,
        rank: 0,
        seconds: None,
    }
}
