//! The second stage: from bytes to the facts of a Python file.
