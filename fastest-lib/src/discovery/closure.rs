//! Which fixtures a test uses, directly or through others.

use rustc_hash::FxHashMap;

use super::fixtures::{Fixture, Holder, Scope};
use super::model::SharedFixture;

/// The holders that a test sees, the outermost first.
#[derive(Clone)]
pub(super) struct Chain<'a> {
    holders: Vec<&'a Holder>,
    /// The fixtures that every test uses.
    autouse: Vec<&'a str>,
}

/// The fixtures that a test uses, directly or through others.
pub(super) struct Closure<'a> {
    /// Their names, from the widest scope to the narrowest.
    pub(super) names: Vec<String>,
    /// The definitions of each name, the one that wins last.
    pub(super) definitions: FxHashMap<String, Vec<&'a Fixture>>,
    /// Whether the dependencies are nested too deep to follow.
    pub(super) is_cut: bool,
}

impl Closure<'_> {
    /// Where the fixtures are defined that tests of several files share, but for pytest's own.
    pub(super) fn shared(&self) -> impl Iterator<Item = SharedFixture> {
        let winning = self.definitions.values().filter_map(|found| found.last());
        winning
            .filter(|fixture| fixture.scope >= Scope::Package && fixture.file != u32::MAX)
            .map(|fixture| SharedFixture {
                file: fixture.file,
                line: fixture.line,
                is_of_package: fixture.scope == Scope::Package,
            })
    }
}

/// Dependencies nested deeper than this are not followed.
const MAX_CHAIN: usize = 256;

impl<'a> Chain<'a> {
    /// `configured` are the fixtures that the configuration makes every test use.
    pub(super) fn new(configured: &'a [String], holders: Vec<&'a Holder>) -> Self {
        let mut chain = Self {
            holders: Vec::with_capacity(holders.len() + 2),
            autouse: configured.iter().map(String::as_str).collect(),
        };
        holders.into_iter().for_each(|holder| chain.push(holder));
        chain
    }

    /// The chain as a class sees it that defines fixtures of its own.
    pub(super) fn with<'b>(&self, holder: &'b Holder) -> Chain<'b>
    where
        'a: 'b,
    {
        let mut chain: Chain<'b> = self.clone();
        chain.push(holder);
        chain
    }

    fn push(&mut self, holder: &'a Holder) {
        let autouse = holder.fixtures.iter().filter(|fixture| fixture.autouse);
        self.autouse
            .extend(autouse.map(|fixture| fixture.name.as_str()));
        if !holder.fixtures.is_empty() {
            self.holders.push(holder);
        }
    }

    /// The fixtures that every test uses.
    pub(super) fn autouse(&self) -> &[&'a str] {
        &self.autouse
    }

    fn definitions(&self, name: &str) -> Vec<&'a Fixture> {
        let holders = self.holders.iter();
        holders.flat_map(|holder| holder.named(name)).collect()
    }

    /// Everything that is needed to set up `initial`, leaving out what `direct` parametrization
    /// supplies.
    pub(super) fn closure(&self, initial: &[String], direct: &[String]) -> Closure<'a> {
        let mut walk = Walk {
            chain: self,
            direct,
            order: Vec::new(),
            definitions: FxHashMap::default(),
            levels: FxHashMap::default(),
            is_cut: false,
        };
        for name in initial {
            walk.visit(name, 0);
        }
        let Walk {
            mut order,
            definitions,
            is_cut,
            ..
        } = walk;
        order.sort_by_key(|name| {
            let scope = definitions
                .get(name)
                .and_then(|found: &Vec<&Fixture>| found.last())
                .map_or(Scope::Function, |fixture| fixture.scope);
            std::cmp::Reverse(scope)
        });
        Closure {
            names: order,
            definitions,
            is_cut,
        }
    }
}

struct Walk<'c, 'a> {
    chain: &'c Chain<'a>,
    direct: &'c [String],
    order: Vec<String>,
    definitions: FxHashMap<String, Vec<&'a Fixture>>,
    /// How many overriding definitions of a name are being visited: a fixture that asks for its
    /// own name means the one that it overrides.
    levels: FxHashMap<String, usize>,
    is_cut: bool,
}

impl Walk<'_, '_> {
    fn visit(&mut self, name: &str, depth: usize) {
        if depth > MAX_CHAIN {
            self.is_cut = true;
            return;
        }
        let level = match self.levels.get(name) {
            Some(0) => return,
            Some(level) => *level,
            None => {
                self.order.push(name.to_owned());
                self.levels.insert(name.to_owned(), 0);
                0
            }
        };
        if self.direct.iter().any(|argument| argument == name) {
            return;
        }
        if !self.definitions.contains_key(name) {
            let found = self.chain.definitions(name);
            if found.is_empty() {
                return;
            }
            self.definitions.insert(name.to_owned(), found);
        }
        let found = &self.definitions[name];
        let Some(at) = found.len().checked_sub(level + 1) else {
            return;
        };
        let fixture = found[at];
        self.levels.insert(name.to_owned(), level + 1);
        for argument in &fixture.arguments {
            self.visit(argument, depth + 1);
        }
        self.levels.insert(name.to_owned(), level);
    }
}
