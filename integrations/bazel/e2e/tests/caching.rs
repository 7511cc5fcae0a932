//! What is run again, and what is not.

use std::fs;

use crate::support::workspace;

#[test]
fn only_dependents_of_an_edit_are_run_again() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let call = ["test", "--test_env=FROM_THE_CALL=1", "//..."];
    let first = bazel.call(&call);
    first.expect(0);
    let all: Vec<String> = first
        .events
        .executed()
        .iter()
        .map(|label| (*label).to_owned())
        .collect();
    assert_eq!(all.len(), 8, "{all:?}");
    assert_eq!(bazel.call(&call).expect(0).events.executed(), [""; 0]);

    let of_money = [
        "//contract:cart",
        "//contract:cart_empty",
        "//contract:money",
    ];
    let edits: [(&str, &str, &[&str]); 5] = [
        (
            "lib/money.py",
            "RATE = 2\n\n\ndef pay(amount):\n    return amount * RATE\n",
            &of_money,
        ),
        (
            "lib/cart.py",
            "from lib.money import pay\n\n\ndef total(*amounts):\n    return 2 * sum(amounts)\n",
            &["//contract:cart", "//contract:cart_empty"],
        ),
        (
            "conftest.py",
            "import pytest\n\n\n@pytest.fixture\ndef from_root():\n    return 'root'\n",
            &["//contract:cart", "//contract:cart_empty"],
        ),
        ("lib/hidden.py", "SECRET = 2\n", &[]),
        (
            "shards/test_one.py",
            "def test_other():\n    pass\n",
            &["//shards:more_than_tests"],
        ),
    ];
    for (file, text, expected) in edits {
        bazel.write(file, text);
        let answer = bazel.call(&call);
        assert_eq!(answer.expect(0).events.executed(), expected, "{file}");
    }
    // A deleted input fails the build of what needs it, instead of passing from a cache.
    fs::remove_file(bazel.workspace().join("lib/rates.txt")).unwrap();
    assert_ne!(bazel.call(&call).code, 0);
}

#[test]
fn lists_in_another_order_are_no_reason_to_run_tests() {
    let Some(mut bazel) = workspace() else {
        return;
    };
    let call = [
        "test",
        "//contract:cart",
        "//contract:imports",
        "//contract:money",
    ];
    bazel.call(&call).expect(0);
    for (from, to) in [
        (
            "        \"//:config\",\n        \"//lib:cart\",\n",
            "        \"//lib:cart\",\n        \"//:config\",\n",
        ),
        // These two have folders on `sys.path`.
        (
            "        \"//lib:foreign\",\n        \"//lib:src_layout\",\n",
            "        \"//lib:src_layout\",\n        \"//lib:foreign\",\n",
        ),
    ] {
        let file = "contract/BUILD.bazel";
        let text = fs::read_to_string(bazel.workspace().join(file)).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        bazel.write(file, &text.replace(from, to));
        let answer = bazel.call(&call);
        assert_eq!(answer.expect(0).events.executed(), [""; 0], "{to}");
    }
}
