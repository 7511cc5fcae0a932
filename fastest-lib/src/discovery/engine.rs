//! What the native engine runs, as far as the source shows.

use super::fixtures::Scope;

/// The fixtures that pytest itself brings: name, scope, and whether the native engine has it.
///
/// A fixture in neither this table nor the sources may come from a plugin, and so may have
/// parameters that only the plugin knows.
pub(super) const BUILTIN_FIXTURES: &[(&str, Scope, bool)] = &[
    ("cache", Scope::Function, true),
    ("capfd", Scope::Function, true),
    ("capfdbinary", Scope::Function, true),
    ("caplog", Scope::Function, true),
    ("capsys", Scope::Function, true),
    ("capsysbinary", Scope::Function, true),
    ("capteesys", Scope::Function, true),
    ("doctest_namespace", Scope::Session, true),
    ("linecomp", Scope::Function, false),
    ("LineMatcher", Scope::Function, false),
    ("monkeypatch", Scope::Function, true),
    ("pytestconfig", Scope::Session, true),
    ("pytester", Scope::Function, false),
    ("record_property", Scope::Function, true),
    ("record_testsuite_property", Scope::Session, true),
    ("record_xml_attribute", Scope::Function, true),
    ("recwarn", Scope::Function, true),
    ("request", Scope::Function, true),
    ("subtests", Scope::Function, true),
    ("testdir", Scope::Function, false),
    ("tmp_path", Scope::Function, true),
    ("tmp_path_factory", Scope::Session, true),
    ("tmpdir", Scope::Function, true),
    ("tmpdir_factory", Scope::Session, true),
];

/// Fixtures of async plugins that the native engine works with. The worker knows which of them are
/// installed.
pub(super) const PLUGIN_FIXTURES: &[&str] = &[
    "anyio_backend",
    "anyio_backend_name",
    "anyio_backend_options",
    "event_loop_policy",
    "free_tcp_port",
    "free_tcp_port_factory",
    "free_udp_port",
    "free_udp_port_factory",
    "unused_tcp_port",
    "unused_tcp_port_factory",
    "unused_udp_port",
    "unused_udp_port_factory",
];

/// Hooks of conftests and plugins that the native engine calls, and `pytest_plugins`; the same as in
/// `harness/fastest_harness/native/hooks.py`.
const NATIVE_HOOKS: &[&str] = &[
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_assertion_pass",
    "pytest_assertrepr_compare",
    "pytest_cmdline_main",
    "pytest_cmdline_parse",
    "pytest_cmdline_preparse",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_deselected",
    "pytest_enter_pdb",
    "pytest_exception_interact",
    "pytest_generate_tests",
    "pytest_ignore_collect",
    "pytest_internalerror",
    "pytest_itemcollected",
    "pytest_keyboard_interrupt",
    "pytest_leave_pdb",
    "pytest_load_initial_conftests",
    "pytest_make_parametrize_id",
    "pytest_markeval_namespace",
    "pytest_plugin_registered",
    "pytest_plugins",
    "pytest_pyfunc_call",
    "pytest_report_collectionfinish",
    "pytest_report_from_serializable",
    "pytest_report_header",
    "pytest_report_teststatus",
    "pytest_report_to_serializable",
    "pytest_runtest_call",
    "pytest_runtest_logfinish",
    "pytest_runtest_logreport",
    "pytest_runtest_logstart",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "pytest_warning_recorded",
];

/// Whether the native engine can do what a conftest means by this name.
pub(super) fn is_native(hook: &str) -> bool {
    NATIVE_HOOKS.contains(&hook)
}

/// Hooks that can add, drop, rename or reorder tests; the others cannot.
const COLLECTION_HOOKS: &[&str] = &[
    "pytest_cmdline_main",
    "pytest_cmdline_parse",
    "pytest_collect_directory",
    "pytest_collect_file",
    "pytest_collection",
    "pytest_collection_modifyitems",
    "pytest_collectstart",
    "pytest_generate_tests",
    "pytest_ignore_collect",
    "pytest_itemcollected",
    "pytest_load_initial_conftests",
    "pytest_make_collect_report",
    "pytest_make_parametrize_id",
    "pytest_plugin_registered",
    "pytest_pycollect_makeitem",
    "pytest_pycollect_makemodule",
];

/// Those of them that are called for the whole session, and not only for what lies below the
/// conftest that has them.
const SESSION_HOOKS: &[&str] = &[
    "pytest_cmdline_main",
    "pytest_cmdline_parse",
    "pytest_collection",
    "pytest_collection_modifyitems",
    "pytest_load_initial_conftests",
    "pytest_make_parametrize_id",
    "pytest_plugin_registered",
];

/// Which tests a hook of a conftest may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    None,
    /// Those below the conftest.
    Below,
    Session,
}

/// How far a hook reaches. `attributes` are the attribute names that its body mentions: a hook that
/// registers a plugin can do anything.
pub(super) fn reach(hook: &str, attributes: &[String]) -> Reach {
    let can_do_anything = |name: &String| {
        matches!(
            name.as_str(),
            "register" | "import_plugin" | "keyword" | "markexpr"
        )
    };
    if SESSION_HOOKS.contains(&hook) || attributes.iter().any(can_do_anything) {
        Reach::Session
    } else if COLLECTION_HOOKS.contains(&hook) {
        Reach::Below
    } else {
        Reach::None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NATIVE_HOOKS;

    #[test]
    fn the_native_engine_calls_the_same_hooks() {
        let source = include_str!("../../harness/fastest_harness/native/hooks.py");
        let (_, rest) = source.split_once("MODELLED = frozenset(").unwrap();
        let (listed, _) = rest.split_once(')').unwrap();
        let called: BTreeSet<&str> = listed
            .split('"')
            .filter(|w| w.starts_with("pytest_"))
            .collect();
        let hooks = NATIVE_HOOKS
            .iter()
            .filter(|hook| **hook != "pytest_plugins");
        assert_eq!(hooks.copied().collect::<BTreeSet<_>>(), called);
    }
}
