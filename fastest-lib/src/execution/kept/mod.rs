//! Outcomes that are kept from run to run, so that what did not change need not run again.
//!
//! A unit is one test file, run as a closed unit: its digest stands for everything that its outcomes
//! may depend on. [`Keeping`] takes notes of a run, [`Store`] keeps what was seen of whole units below
//! their digests, and [`KeptUnit::events`] tells it again.

mod keeping;
mod store;
mod unit;

pub use store::{StoredResults, clear_results, stored_results};

pub(crate) use keeping::{Attribution, Keeping};
pub(crate) use store::{Found, Store};
pub(crate) use unit::Entry;
#[cfg(test)]
pub(crate) use unit::KeptUnit;
