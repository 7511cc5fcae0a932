//! Input that is broken, missing or hostile: the command has pytest's outcome for it where pytest
//! has one, else a clear error; it never hangs, and it never leaves a process behind.

mod arguments;
mod environment;
mod files;
mod interpreter;
mod misbehaviour;
