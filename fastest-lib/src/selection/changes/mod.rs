//! What has changed, and what a change of a file that is no module concerns.
//!
//! [`Changes`] come from git ([`Changes::since`]) or from a list ([`Changes::listed`]).
//! [`what_it_is`] gives the role of a changed file; [`changed_distributions`] and
//! [`config_change`] say what a change of requirements and of configuration can reach, and
//! [`top_levels`] which imports a distribution stands for. Whatever cannot be known is all.

mod config;
mod git;
mod index;
mod ini_files;
mod installed;
mod listed;
mod model;
mod requirements;
mod roles;
mod since;

pub use config::{ConfigChange, config_change};
pub use index::KnownFile;
pub use installed::{TopLevels, distributions_of, top_levels};
pub use model::{Change, ChangeKind, Changes};
pub use requirements::{Distributions, changed_distributions, distribution_name};
pub use roles::{FileRole, HARMLESS, what_it_is};
