//! The order of a session: tests that share a parameter of a wide scope run together.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::fixtures::Scope;
use super::parametrize::WideParameter;
use super::value::Value;

/// A test, as far as its place in the session depends on parameters.
pub(super) struct Item<'a> {
    pub(super) file: usize,
    /// The folder of the file.
    pub(super) folder: &'a str,
    /// The classes around it.
    pub(super) classes: &'a [String],
    pub(super) wide: &'a [WideParameter],
}

/// The same parameter of the same instance of its scope.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<'a> {
    argument: &'a str,
    value: ValueKey,
    place: Place<'a>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Place<'a> {
    Session,
    Folder(&'a str),
    File(usize),
    Class(usize, &'a [String]),
}

/// Which parameter values pytest takes to be one.
#[derive(Clone, PartialEq, Eq, Hash)]
enum ValueKey {
    /// Equal values of one type.
    Value(String),
    /// An unhashable value goes by its position.
    Index(usize),
    /// The same expression, of which nothing else is known.
    Site((u32, u32), usize),
}

const WIDE: [Scope; 4] = [Scope::Session, Scope::Package, Scope::Module, Scope::Class];

impl<'a> Item<'a> {
    fn keys(&self, scope: Scope) -> Vec<Key<'a>> {
        let mut keys = Vec::new();
        for parameter in self.wide.iter().filter(|p| p.scope == scope) {
            let value = match (&parameter.value, parameter.value.is_hashable()) {
                (_, Some(false)) => ValueKey::Index(parameter.index),
                (Value::Object | Value::Unknown, _) | (_, None) => {
                    ValueKey::Site(parameter.site, parameter.index)
                }
                (value, Some(true)) => ValueKey::Value(format!("{value:?}")),
            };
            let key = Key {
                argument: &parameter.argument,
                value,
                place: match scope {
                    Scope::Session => Place::Session,
                    Scope::Package => Place::Folder(self.folder),
                    Scope::Class => Place::Class(self.file, self.classes),
                    _ => Place::File(self.file),
                },
            };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

/// The positions of `items` in the order in which pytest runs them.
pub(super) fn reorder(items: &[Item<'_>]) -> Vec<usize> {
    let mut session = Session::default();
    for scope in WIDE {
        let mut numbers: HashMap<Key<'_>, usize> = HashMap::new();
        let mut keys_of = HashMap::new();
        let mut users: Vec<Users> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let keys: Vec<usize> = item
                .keys(scope)
                .into_iter()
                .map(|key| {
                    let next = numbers.len();
                    *numbers.entry(key).or_insert(next)
                })
                .collect();
            users.resize_with(numbers.len(), Users::default);
            for &key in &keys {
                users[key].push_back(at);
            }
            if !keys.is_empty() {
                keys_of.insert(at, keys);
            }
        }
        session.keys.insert(scope, keys_of);
        session.users.insert(scope, users);
    }
    session.at_scope((0..items.len()).collect(), 0)
}

/// The items that use one key, in an order that can be changed at the front.
#[derive(Default)]
struct Users {
    by_rank: BTreeMap<i64, usize>,
    ranks: HashMap<usize, i64>,
}

impl Users {
    fn push_back(&mut self, item: usize) {
        let rank = self
            .by_rank
            .last_key_value()
            .map_or(0, |(rank, _)| rank + 1);
        self.place(item, rank);
    }

    fn move_to_front(&mut self, item: usize) {
        let rank = self
            .by_rank
            .first_key_value()
            .map_or(0, |(rank, _)| rank - 1);
        self.place(item, rank);
    }

    fn place(&mut self, item: usize, rank: i64) {
        if let Some(old) = self.ranks.insert(item, rank) {
            self.by_rank.remove(&old);
        }
        self.by_rank.insert(rank, item);
    }
}

#[derive(Default)]
struct Session {
    /// The keys of each item, by scope.
    keys: HashMap<Scope, HashMap<usize, Vec<usize>>>,
    /// The items of each key, by scope.
    users: HashMap<Scope, Vec<Users>>,
}

impl Session {
    fn keys(&self, scope: Scope, item: usize) -> &[usize] {
        self.keys
            .get(&scope)
            .and_then(|items| items.get(&item))
            .map_or(&[], Vec::as_slice)
    }

    /// Orders `items` by the keys of the scope at `level`, then of the narrower ones.
    fn at_scope(&mut self, items: Vec<usize>, level: usize) -> Vec<usize> {
        let Some(&scope) = WIDE.get(level).filter(|_| items.len() >= 3) else {
            return items;
        };
        let members: HashSet<usize> = items.iter().copied().collect();
        let mut ignored: HashSet<usize> = HashSet::new();
        let mut queue: VecDeque<usize> = items.into();
        let mut done: Vec<usize> = Vec::new();
        let mut is_done: HashSet<usize> = HashSet::new();
        while !queue.is_empty() {
            let mut free: Vec<usize> = Vec::new();
            let mut is_free: HashSet<usize> = HashSet::new();
            let mut slicing = None;
            while let Some(item) = queue.pop_front() {
                if is_done.contains(&item) || is_free.contains(&item) {
                    continue;
                }
                let keys = self.keys(scope, item).iter();
                match keys.rev().find(|key| !ignored.contains(*key)).copied() {
                    None => {
                        free.push(item);
                        is_free.insert(item);
                    }
                    Some(key) => {
                        slicing = Some(key);
                        self.slice(scope, key, &members, &mut queue);
                        break;
                    }
                }
            }
            if !free.is_empty() {
                for item in self.at_scope(free, level + 1) {
                    if is_done.insert(item) {
                        done.push(item);
                    }
                }
            }
            ignored.extend(slicing);
        }
        done
    }

    /// Draws the items of `key` to the front of the queue.
    fn slice(
        &mut self,
        scope: Scope,
        key: usize,
        members: &HashSet<usize>,
        queue: &mut VecDeque<usize>,
    ) {
        let matching: Vec<usize> = self
            .users
            .get(&scope)
            .and_then(|users| users.get(key))
            .into_iter()
            .flat_map(|users| users.by_rank.values().copied())
            .filter(|item| members.contains(item))
            .collect();
        for item in matching.into_iter().rev() {
            queue.push_front(item);
            for other in WIDE {
                let keys = self.keys(other, item).to_vec();
                if let Some(users) = self.users.get_mut(&other) {
                    for key in keys {
                        users[key].move_to_front(item);
                    }
                }
            }
        }
    }
}
