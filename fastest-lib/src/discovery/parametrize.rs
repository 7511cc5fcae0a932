//! `parametrize`: from marks and fixture parameters to the calls of one test.

use super::closure::Closure;
use super::fixtures::{Fixture, Scope};
use super::ids::{EmptySet, IdRules, ParameterSet, Unknown, set_ids};
use super::items::Element;
use super::marks::{self, Mark};
use super::model::TestMark;
use super::scope::Names;
use super::value::Value;
use crate::syntax::{Call, Expr};

/// A test with more calls than this is not listed.
const MAX_CALLS: usize = 100_000;

/// One call of a test function: what goes between the brackets, and with which parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct CallSpec {
    /// One part per `parametrize`; none of the hidden ones.
    pub(super) ids: Vec<String>,
    /// The parameters with a scope wider than the function's, by which pytest groups tests.
    pub(super) wide: Vec<WideParameter>,
    pub(super) marks: Vec<TestMark>,
    /// What has a parameter.
    pub(super) arguments: Vec<String>,
}

/// A parameter of a scope wider than the function's.
#[derive(Clone, Debug)]
pub(super) struct WideParameter {
    pub(super) argument: String,
    pub(super) scope: Scope,
    pub(super) value: Value,
    /// The position of its set, or of the call when it is passed to the function itself.
    pub(super) index: usize,
    /// Whether it is passed to the function itself.
    pub(super) is_direct: bool,
    /// The file and line of the fixture or mark that brings it.
    pub(super) site: (u32, u32),
}

/// A `parametrize` mark, read.
pub(super) struct Parametrize {
    line: u32,
    pub(super) arguments: Vec<String>,
    indirect: Vec<bool>,
    scope: Option<Scope>,
    sets: Result<Vec<ParameterSet>, Unknown>,
    ids: Result<Option<Vec<Value>>, Unknown>,
}

impl Parametrize {
    /// Reads a mark; an error says what about it is not literal.
    pub(super) fn read(mark: &Mark<'_>, rules: &IdRules) -> Result<Self, Unknown> {
        if mark.is_open() {
            return Err("`parametrize` is called with `*`".into());
        }
        let mut positional = mark.positional();
        let arguments = positional.next().or_else(|| mark.keyword("argnames"));
        let values = positional.next().or_else(|| mark.keyword("argvalues"));
        let (Some(arguments), Some(values), None) = (arguments, values, positional.next()) else {
            return Err("`parametrize` is called in a way that is not known".into());
        };
        let (arguments, force_single) =
            argument_list(arguments).ok_or("the argument names are computed")?;
        if arguments.iter().any(|argument| argument == "request") {
            return Err(Unknown::failing("`request` cannot be parametrized"));
        }
        let scope = match mark
            .keyword("scope")
            .map(|(scope, names)| names.value(scope))
        {
            None | Some(Value::None) => None,
            Some(Value::Str(text)) => Some(Scope::named(&text).ok_or("the scope is unknown")?),
            Some(_) => return Err("the scope is computed".into()),
        };
        let indirect = match mark.keyword("indirect") {
            None => vec![false; arguments.len()],
            Some((expr, names)) => match names.value(expr) {
                Value::Bool(all) => vec![all; arguments.len()],
                _ => {
                    let listed = names.items(expr).ok_or("`indirect` is computed")?;
                    let mut flags = vec![false; arguments.len()];
                    for item in listed {
                        let Value::Str(name) = item.value() else {
                            return Err("`indirect` is computed".into());
                        };
                        let at = arguments.iter().position(|argument| *argument == name);
                        flags
                            [at.ok_or_else(|| Unknown::failing("`indirect` names no argument"))?] =
                            true;
                    }
                    flags
                }
            },
        };
        let sets = parameter_sets(&arguments, force_single, values, rules);
        let ids = given_ids(mark.keyword("ids"));
        Ok(Self {
            line: mark.line,
            arguments,
            indirect,
            scope,
            sets,
            ids,
        })
    }

    /// The arguments that are passed to the function and not to a fixture.
    pub(super) fn direct(&self) -> impl Iterator<Item = &String> {
        self.arguments
            .iter()
            .zip(&self.indirect)
            .filter(|(_, indirect)| !**indirect)
            .map(|(argument, _)| argument)
    }

    /// Multiplies the calls so far by the sets of this mark.
    pub(super) fn apply(
        &self,
        calls: Vec<CallSpec>,
        closure: &Closure<'_>,
        rules: &IdRules,
        file: u32,
    ) -> Result<Vec<CallSpec>, Unknown> {
        for argument in &self.arguments {
            if !closure.names.contains(argument) {
                return Err(Unknown::failing(format!(
                    "the function uses no argument `{argument}`"
                )));
            }
        }
        let sets = self.sets.as_ref().map_err(Clone::clone)?;
        let given = self.ids.as_ref().map_err(Clone::clone)?;
        let ids = set_ids(&self.arguments, sets, given.as_deref(), rules)?;
        let scope = self.scope.unwrap_or_else(|| {
            if !self.indirect.iter().all(|indirect| *indirect) {
                return Scope::Function;
            }
            self.arguments
                .iter()
                .filter_map(|argument| Some(closure.definitions.get(argument)?.last()?.scope))
                .min()
                .unwrap_or(Scope::Function)
        });
        let source = Source {
            arguments: &self.arguments,
            indirect: &self.indirect,
            sets,
            ids: &ids,
            scope,
            site: (file, self.line),
        };
        source.multiply(calls)
    }

    /// Whether tests may be grouped by its parameters.
    pub(super) fn may_be_wide(&self) -> bool {
        self.scope.is_some_and(|scope| scope > Scope::Function)
            || self.indirect.iter().any(|indirect| *indirect)
    }
}

/// Multiplies the calls by the parameters of the fixtures that the test uses, except those that
/// its marks parametrize.
pub(super) fn apply_fixtures(
    mut calls: Vec<CallSpec>,
    closure: &Closure<'_>,
    parametrized: &[Parametrize],
) -> Result<Vec<CallSpec>, Unknown> {
    for name in &closure.names {
        let by_mark = |mark: &Parametrize| mark.arguments.contains(name);
        let definitions = closure.definitions.get(name);
        let Some(definitions) = definitions.filter(|_| !parametrized.iter().any(by_mark)) else {
            continue;
        };
        if let Some(fixture) = parametrized_definition(name, definitions)
            && let Some(parameters) = &fixture.parameters
        {
            let source = Source {
                arguments: std::slice::from_ref(name),
                indirect: &[true],
                sets: &parameters.sets,
                ids: &parameters.ids,
                scope: fixture.scope,
                site: (fixture.file, fixture.line),
            };
            calls = source.multiply(calls)?;
        }
    }
    Ok(calls)
}

/// The definition whose parameters count: the winning one, or one that it overrides and asks for.
fn parametrized_definition<'a>(name: &String, definitions: &[&'a Fixture]) -> Option<&'a Fixture> {
    for fixture in definitions.iter().rev() {
        if fixture.parameters.is_some() {
            return Some(fixture);
        }
        if !fixture.arguments.contains(name) {
            return None;
        }
    }
    None
}

/// The sets of one `parametrize`, whether a mark's or a fixture's.
struct Source<'a> {
    arguments: &'a [String],
    indirect: &'a [bool],
    sets: &'a [ParameterSet],
    ids: &'a [Option<String>],
    scope: Scope,
    site: (u32, u32),
}

impl Source<'_> {
    fn multiply(&self, calls: Vec<CallSpec>) -> Result<Vec<CallSpec>, Unknown> {
        if calls.len().saturating_mul(self.sets.len()) > MAX_CALLS {
            return Err("there are too many parameter sets to list".into());
        }
        let mut out = Vec::with_capacity(calls.len() * self.sets.len());
        for call in &calls {
            let mut arguments = self.arguments.iter();
            if let Some(twice) = arguments.find(|name| call.arguments.contains(name)) {
                return Err(Unknown::failing(format!("`{twice}` is parametrized twice")));
            }
            for (index, (set, id)) in self.sets.iter().zip(self.ids).enumerate() {
                let mut next = call.clone();
                next.arguments.extend_from_slice(self.arguments);
                next.ids.extend(id.clone());
                next.marks.extend(set.marks.iter().cloned());
                if self.scope > Scope::Function {
                    self.widen(&mut next, set, index);
                }
                out.push(next);
            }
        }
        Ok(out)
    }

    fn widen(&self, call: &mut CallSpec, set: &ParameterSet, index: usize) {
        let arguments = self.arguments.iter().zip(self.indirect);
        for ((argument, indirect), value) in arguments.zip(&set.values) {
            call.wide.push(WideParameter {
                argument: argument.clone(),
                scope: self.scope,
                value: value.clone(),
                index,
                is_direct: !indirect,
                site: self.site,
            });
        }
    }
}

/// The argument names, and whether each value stands for itself.
fn argument_list((expr, names): (&Expr, Names<'_>)) -> Option<(Vec<String>, bool)> {
    if let Value::Str(text) = names.value(expr) {
        let arguments: Vec<String> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let single = arguments.len() == 1 && !text.trim_end().ends_with(',');
        return Some((arguments, single));
    }
    let items = names.items(expr)?;
    let arguments = items.iter().map(|item| match item.value() {
        Value::Str(name) => Some(name),
        _ => None,
    });
    Some((arguments.collect::<Option<_>>()?, false))
}

/// The `ids` argument, when it is a list of literals.
pub(super) fn given_ids(ids: Option<(&Expr, Names<'_>)>) -> Result<Option<Vec<Value>>, Unknown> {
    let Some((expr, names)) = ids else {
        return Ok(None);
    };
    if names.value(expr) == Value::None {
        return Ok(None);
    }
    let items = names.items(expr).ok_or("the ids are computed")?;
    Ok(Some(items.iter().map(Element::value).collect()))
}

/// The parameter sets of an `argvalues` or `params` expression.
pub(super) fn parameter_sets(
    arguments: &[String],
    force_single: bool,
    (values, names): (&Expr, Names<'_>),
    rules: &IdRules,
) -> Result<Vec<ParameterSet>, Unknown> {
    let items = names.items(values).ok_or("the values are computed")?;
    let mut sets = Vec::with_capacity(items.len());
    for item in &items {
        let set = parameter_set(item, force_single)?;
        if set.values.len() != arguments.len() {
            return Err(Unknown::failing(
                "a set has another number of values than there are names",
            ));
        }
        sets.push(set);
    }
    if sets.is_empty() {
        let mark = match rules.empty {
            EmptySet::Skip => "skip",
            EmptySet::Xfail => "xfail",
            EmptySet::Fail => {
                return Err(Unknown::failing(
                    "an empty parameter set fails the collection",
                ));
            }
        };
        sets.push(ParameterSet {
            values: vec![Value::NotSet; arguments.len()],
            id: Some(Value::Str("NOTSET".to_owned())),
            marks: vec![TestMark {
                name: mark.to_owned(),
                first: None,
                keywords: Vec::new(),
                is_open: true,
            }],
            unknown: None,
        });
    }
    Ok(sets)
}

fn parameter_set(item: &Element<'_>, force_single: bool) -> Result<ParameterSet, Unknown> {
    if let Element::At(expr, names) = item {
        let at = names.settle(expr);
        if let Expr::Call(call) = at.expr
            && at.names.canonical(&call.function).as_deref() == Some("pytest.param")
        {
            return param(call, at.names);
        }
    }
    let mut set = ParameterSet {
        values: Vec::new(),
        id: None,
        marks: Vec::new(),
        unknown: None,
    };
    if force_single {
        set.push(item);
        if let Some(written) = &set.unknown {
            // It may be a `pytest.param` with an id of its own.
            return Err((&*format!("the value `{written}` is not a literal")).into());
        }
    } else {
        let items = item.items().ok_or("a parameter set is computed")?;
        items.iter().for_each(|item| set.push(item));
    }
    Ok(set)
}

impl ParameterSet {
    fn push(&mut self, item: &Element<'_>) {
        let value = item.value();
        if value == Value::Unknown && self.unknown.is_none() {
            self.unknown = Some(match item {
                Element::At(expr, _) => marks::describe(expr),
                _ => "…".to_owned(),
            });
        }
        self.values.push(value);
    }
}

/// A `pytest.param(…)`.
fn param(call: &Call, names: Names<'_>) -> Result<ParameterSet, Unknown> {
    let mut set = ParameterSet {
        values: Vec::new(),
        id: None,
        marks: Vec::new(),
        unknown: None,
    };
    for argument in &call.arguments {
        match (argument.name.as_deref(), &argument.value) {
            (None, Expr::Star(inner)) => {
                let items = names.items(inner);
                let items = items.ok_or("`pytest.param` is called with `*`")?;
                items.iter().for_each(|item| set.push(item));
            }
            (_, Expr::Star(_)) => return Err("`pytest.param` is called with `**`".into()),
            (None, value) => set.push(&Element::At(value, names)),
            (Some("id"), value) => {
                set.id = Some(names.value(value)).filter(|id| *id != Value::None);
            }
            (Some("marks"), value) => set.marks = param_marks(value, call.line, names)?,
            _ => return Err("`pytest.param` is called in an unknown way".into()),
        }
    }
    Ok(set)
}

fn param_marks(expr: &Expr, line: u32, names: Names<'_>) -> Result<Vec<TestMark>, Unknown> {
    let unknown = || Unknown::from("the marks of a parameter set are computed");
    if let Some(mark) = marks::mark_of(expr, names, line) {
        return Ok(vec![mark.facts()]);
    }
    let items = names.items(expr).ok_or_else(unknown)?;
    items
        .iter()
        .map(|item| match item {
            Element::At(expr, names) => Some(marks::mark_of(expr, *names, line)?.facts()),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or_else(unknown)
}
