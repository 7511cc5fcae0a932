//! Lists whose order has no meaning.

use crate::World;

const FILES: &[&str] = &[
    "a.txt",
    "b.txt",
    "base.txt",
    "one.txt",
    "base.py",
    "c.py",
    "d.py",
    "one.py",
    "two.py",
    "test_a.py",
];

impl World {
    /// Adds a package `small` with a test `test_a`, whose lists, and those of its libraries, are in the
    /// order of the alphabet, or reversed.
    #[must_use]
    pub fn with_lists(self, build_file: &str, reversed: bool) -> Self {
        let list = |items: &[&str]| {
            let mut items: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
            if reversed {
                items.reverse();
            }
            items.join(", ")
        };
        let env = list(&["A\": \"1", "B\": \"2"]);
        let srcs = list(&["c.py", "d.py"]);
        let data = list(&["a.txt", "b.txt"]);
        let distributions = list(&["attrs", "numpy"]);
        let (of_two, of_test) = (list(&[":base", ":one"]), list(&[":base", ":one", ":two"]));
        let build = format!(
            "load(\"@fastest//:defs.bzl\", \"fastest_library\", \"fastest_test\")\n\
             fastest_library(name = \"base\", srcs = [\"base.py\"], data = [\"base.txt\"], \
             imports = [\"base\"])\n\
             fastest_library(name = \"one\", srcs = [\"one.py\"], data = [\"one.txt\"], imports = [\"one\"], \
             deps = [\":base\"])\n\
             fastest_library(name = \"two\", srcs = [\"two.py\"], imports = [\"two\"], \
             deps = [{of_two}])\n\
             fastest_test(name = \"test_a\", src = \"test_a.py\", srcs = [{srcs}], data = [{data}], \
             distributions = [{distributions}], env = {{{env}}}, deps = [{of_test}])\n"
        );
        let world = self.with_file("", &format!("small/{build_file}"), &build);
        FILES.iter().fold(world, |world, file| {
            world.with_file("", &format!("small/{file}"), "")
        })
    }
}
