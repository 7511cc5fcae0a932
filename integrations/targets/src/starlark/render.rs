//! Statements as a formatter would write them.

use super::file::Item;
use super::lexer::quoted;
use super::order::attribute_rank;

/// An argument to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) name: Option<String>,
    /// What stands behind its name and the equals sign, or the whole argument where it has no name.
    pub(crate) text: String,
    pub(crate) above: Vec<String>,
    pub(crate) behind: Option<String>,
}

/// A call to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewCall {
    pub(crate) function: String,
    pub(crate) arguments: Vec<Rendered>,
    pub(crate) tail: Vec<String>,
}

impl NewCall {
    /// Adds an argument where it belongs among those that are there.
    pub(crate) fn insert(&mut self, argument: Rendered) {
        let key = |argument: &Rendered| {
            let name = argument.name.clone().unwrap_or_default();
            (attribute_rank(&name), name)
        };
        let own = key(&argument);
        let mut arguments = self.arguments.iter();
        let place = arguments.position(|other| other.name.is_some() && key(other) > own);
        let place = place.unwrap_or(self.arguments.len());
        self.arguments.insert(place, argument);
    }

    pub(crate) fn render(&self) -> String {
        let mut text = format!("{}(\n", self.function);
        for argument in &self.arguments {
            for comment in &argument.above {
                text.push_str(&format!("    {comment}\n"));
            }
            text.push_str("    ");
            if let Some(name) = &argument.name {
                text.push_str(&format!("{name} = "));
            }
            text.push_str(&argument.text);
            text.push(',');
            if let Some(comment) = &argument.behind {
                text.push_str(&format!("  {comment}"));
            }
            text.push('\n');
        }
        for comment in &self.tail {
            text.push_str(&format!("    {comment}\n"));
        }
        text.push(')');
        text
    }
}

/// A list as the value of an argument.
pub(crate) fn list(items: &[Item], tail: &[String]) -> String {
    if let ([item], []) = (items, tail)
        && item.above.is_empty()
        && item.behind.is_none()
    {
        return format!("[{}]", item.text);
    }
    if items.is_empty() && tail.is_empty() {
        return "[]".to_owned();
    }
    let mut text = "[\n".to_owned();
    for item in items {
        for comment in &item.above {
            text.push_str(&format!("        {comment}\n"));
        }
        text.push_str(&format!("        {},", item.text));
        if let Some(comment) = &item.behind {
            text.push_str(&format!("  {comment}"));
        }
        text.push('\n');
    }
    for comment in tail {
        text.push_str(&format!("        {comment}\n"));
    }
    text.push_str("    ]");
    text
}

impl Item {
    /// An item that is a string.
    pub(crate) fn new(value: &str) -> Self {
        Self {
            value: Some(value.to_owned()),
            text: quoted(value),
            above: Vec::new(),
            behind: None,
        }
    }
}
