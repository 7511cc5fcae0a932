//! From events to what people and programs read: pure folds, nothing here runs or reads.

mod exit_code;
mod fold;
mod junit;

pub use exit_code::ExitCode;
pub use fold::{CollectReport, OrderDependence, Report};
pub use junit::{JUnit, JUnitFamily, JUnitLogging};
