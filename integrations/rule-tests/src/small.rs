//! What the examples do not use.

use crate::World;

impl World {
    /// Adds a package `small` with a library and one test, which has the attributes `test` besides.
    #[must_use]
    pub fn with_small(self, build_file: &str, test: &str) -> Self {
        let build = format!(
            "load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")\n\
             fastest_library(name = \"lib\", srcs = [\"lib.py\"], imports = [\"src\"])\n\
             fastest_test(name = \"test_a\", src = \"test_a.py\", deps = [\":lib\"], {test})\n"
        );
        self.with_file("", &format!("small/{build_file}"), &build)
            .with_file("", "small/lib.py", "")
            .with_file("", "small/test_a.py", "")
    }
}
