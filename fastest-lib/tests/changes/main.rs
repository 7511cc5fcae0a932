//! The sources of changes, held against real repositories, and the tables of what a change of a
//! requirements or configuration file concerns.

mod config;
mod environment;
mod installed;
mod listed;
mod random;
mod repository;
mod requirements;
mod roles;
mod since;
