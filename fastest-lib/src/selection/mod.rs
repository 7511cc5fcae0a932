//! From tests and filters to the tests that are to run.
