//! Which files a worker had better run one after the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::discovery::SharedFixture;
use crate::plan::Plan;

/// What a file may have in common with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Group<'a> {
    /// A number of its innermost conftest.
    conftest: usize,
    /// The wide fixtures that its tests use.
    fixtures: &'a [SharedFixture],
}

impl<'a> Group<'a> {
    fn in_common(self, other: Self) -> impl Iterator<Item = &'a SharedFixture> {
        let has = move |fixture: &&SharedFixture| other.fixtures.binary_search(fixture).is_ok();
        self.fixtures.iter().filter(has)
    }

    /// How many fixtures of packages both use.
    pub(super) fn packages_in_common(self, other: Self) -> usize {
        let fixtures = self.in_common(other);
        fixtures.filter(|fixture| fixture.is_of_package).count()
    }

    /// Whether both use one and the same wide fixture.
    fn shares(self, other: Self) -> bool {
        self.in_common(other).next().is_some()
    }

    /// How much of what `other` has set up this one goes on with, the fixtures of packages before all, since
    /// whoever leaves a package tears them down; none where that is nothing.
    fn goes_on(self, other: Self) -> Option<(usize, bool, bool)> {
        let packages = self.packages_in_common(other);
        let (is_same, shares) = (self == other, self.shares(other));
        let is_beside = self.conftest == other.conftest;
        (shares || is_beside).then_some((packages, is_same, shares))
    }
}

/// The place, among what waits, of what a worker should do next: what goes on with its last file, else
/// what is foreign to all that other workers do.
pub(super) fn nearest<'a>(
    waiting: impl Iterator<Item = Group<'a>> + Clone,
    last: Option<Group<'a>>,
    others: &[Group<'a>],
) -> usize {
    let numbered = || waiting.clone().enumerate();
    let own = last.and_then(|last| {
        let most = last.goes_on(last);
        let mut best: Option<(Option<_>, usize)> = None;
        for (at, group) in numbered() {
            let found = group.goes_on(last);
            if found > best.and_then(|(found, _)| found) {
                best = Some((found, at));
            }
            // Nothing that follows is nearer.
            if found == most {
                break;
            }
        }
        best.map(|(_, at)| at)
    });
    let foreign = || {
        let is_foreign = |group: Group<'_>| {
            let mut others = others.iter();
            !others.any(|other| other.conftest == group.conftest || other.shares(group))
        };
        let mut numbered = numbered();
        numbered.find_map(|(at, group)| is_foreign(group).then_some(at))
    };
    own.or_else(foreign).unwrap_or(0)
}

/// Groups the files of a plan.
pub(super) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut conftests: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
    let files = plan.files.iter();
    files
        .map(|file| {
            let next = conftests.len();
            let innermost = file.conftests.last().map(PathBuf::as_path);
            Group {
                conftest: *conftests.entry(innermost).or_insert(next),
                fixtures: &file.shared_fixtures,
            }
        })
        .collect()
}
