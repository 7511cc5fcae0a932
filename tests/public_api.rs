//! The public API of `fastest-lib`, written out, beside the listing that was agreed on.
//!
//! The listing is made from the source, so that it needs no nightly compiler: every public item
//! that can be reached from `lib.rs`, without bodies, comments and private fields.

mod listing;
mod modules;

use std::fs;

use crate::support::repository;

const UPDATE: &str = "UPDATE_PUBLIC_API";

#[test]
fn the_public_api_is_the_one_agreed_on() {
    let lib = repository().join("fastest-lib/src/lib.rs");
    let now = listing::listing("fastest_lib", &modules::Crate::read(&lib));
    let file = repository().join("tests/public_api/fastest_lib.txt");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &now).unwrap();
    }
    let agreed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        now == agreed,
        "the public API of fastest-lib is not what tests/public_api/fastest_lib.txt says:\n\
         {}\nIf the change is meant, `{UPDATE}=1 cargo test -p fastest-tests public_api` writes \
         it to that file; commit it and name the change in CHANGELOG.md.",
        changed_lines(&agreed, &now)
    );
}

/// The lines that only one of the texts has.
fn changed_lines(old: &str, new: &str) -> String {
    let only = |a: &str, b: &str, sign: char| {
        let other: Vec<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !other.contains(line));
        lines
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    only(old, new, '-') + &only(new, old, '+')
}

#[test]
fn the_listing_follows_names_and_leaves_out_what_is_private() {
    let source = r#"
        mod inner {
            use std::fmt;
            /// Docs.
            #[derive(Clone)] #[non_exhaustive] #[allow(unused)]
            pub struct Shape { /// Docs.
                pub name: String, sides: u8 }
            impl Shape {
                /// Docs.
                pub fn sides(&self) -> u8 { self.sides }
                pub(crate) fn hidden(&self) {}
                fn private(&self) {}
            }
            impl fmt::Display for Shape {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { Ok(()) }
            }
            pub struct Id(String);
            pub fn unreachable() {}
        }
        pub mod kinds {
            pub use crate::inner::Shape;
            pub enum Kind { Round, Flat(u8) }
            pub trait Area { const UNIT: &'static str = "m"; fn area(&self) -> f64 { 0.0 } }
            pub(crate) fn hidden() {}
        }
        mod far { pub fn away<T: Clone>(t: T) -> T { t } pub const LIMIT: usize = 3; }
        pub use inner::{Id as Name, Shape};
        pub use far::*;
        pub use serde::Serialize;
        #[cfg(test)] mod tests { pub fn test() {} }
    "#;
    let expected = r#"// shapes

pub const LIMIT: usize = _;

// inner::Id as
pub struct Name(_);

pub use serde::Serialize;

#[derive(Clone)]
#[non_exhaustive]
pub struct Shape {
    pub name: String,
    _private: _,
}
impl Shape {
    pub fn sides(&self) -> u8 {}
}
impl fmt::Display for Shape {}

pub fn away<T: Clone>(t: T) -> T {}

// shapes::kinds

pub trait Area {
    const UNIT: &'static str;
    fn area(&self) -> f64;
}

pub enum Kind {
    Round,
    Flat(u8),
}

pub use shapes::Shape;
"#;
    let listed = listing::listing("shapes", &modules::Crate::parse(source));
    assert_eq!(listed, expected, "\n{listed}");
}
