//! What the names of an expression match on a test.

use super::expression::{Argument, Expression, Verdict};
use crate::discovery::{MarkValue, Test, TestMark};
use crate::{Error, ErrorKind};

/// Whether `-k` keeps the test.
///
/// A name matches when it is a part of the name of the test, its classes, its file or its folders,
/// of a mark or of an attribute put on the function, whatever the case of the letters.
pub(super) fn keyword(expression: &Expression, path: &str, test: &Test) -> Result<Verdict, Error> {
    let mut names: Vec<String> = path.split('/').map(str::to_lowercase).collect();
    names.extend(test.classes.iter().map(|class| class.to_lowercase()));
    names.push(match &test.parameters {
        Some(parameters) => format!("{}[{parameters}]", test.function).to_lowercase(),
        None => test.function.to_lowercase(),
    });
    names.extend(test.keywords.iter().map(|name| name.to_lowercase()));
    names.extend(test.markers.iter().map(|mark| mark.to_lowercase()));
    expression.evaluate(&mut |name, arguments| {
        if !arguments.is_empty() {
            let message = "Keyword expressions do not support call parameters.";
            return Err(Error::new(ErrorKind::Usage, message));
        }
        let name = name.to_lowercase();
        let found = names.iter().any(|candidate| candidate.contains(&name));
        Ok(match (found, &test.open) {
            (true, _) => Verdict::Yes,
            // Its parameters, or marks on them, may match.
            (false, Some(_)) => Verdict::Maybe,
            (false, None) => Verdict::No,
        })
    })
}

/// Whether `-m` keeps the test.
pub(super) fn mark(expression: &Expression, test: &Test) -> Result<Verdict, Error> {
    expression.evaluate(&mut |name, arguments| {
        let mut verdict = match &test.open {
            Some(_) => Verdict::Maybe,
            None => Verdict::No,
        };
        for mark in test.marks.iter().filter(|mark| mark.name == name) {
            match has_arguments(mark, arguments) {
                Verdict::Yes => return Ok(Verdict::Yes),
                Verdict::Maybe => verdict = Verdict::Maybe,
                Verdict::No => {}
            }
        }
        Ok(verdict)
    })
}

fn has_arguments(mark: &TestMark, arguments: &[(String, Argument)]) -> Verdict {
    let mut verdict = Verdict::Yes;
    for (name, wanted) in arguments {
        let given = mark.keywords.iter().find(|(given, _)| given == name);
        match given.map(|(_, value)| equals(value, wanted)) {
            Some(Verdict::Yes) => {}
            Some(Verdict::Maybe) => verdict = Verdict::Maybe,
            None if mark.is_open => verdict = Verdict::Maybe,
            Some(Verdict::No) | None => return Verdict::No,
        }
    }
    verdict
}

fn equals(given: &MarkValue, wanted: &Argument) -> Verdict {
    match (given, wanted) {
        (MarkValue::Unknown, _) | (MarkValue::Int(_), Argument::Int(None)) => Verdict::Maybe,
        (MarkValue::None, Argument::None) => Verdict::Yes,
        (MarkValue::Str(given), Argument::Text(wanted)) => (given == wanted).into(),
        (MarkValue::Int(given), Argument::Int(Some(wanted))) => (given == wanted).into(),
        // Python's True equals 1.
        (MarkValue::Int(given), Argument::Bool(wanted)) => (*given == i128::from(*wanted)).into(),
        _ => Verdict::No,
    }
}
