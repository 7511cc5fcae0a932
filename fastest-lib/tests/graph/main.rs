//! The import graph, held against tables of small trees and against what Python really reads.

mod case;
mod commands;
mod configuration;
mod data;
mod loading;
mod many;
mod names;
mod problems;
mod python;
mod resolution;
mod rules;
mod settings;
mod walking;
