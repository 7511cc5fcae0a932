"""Which hooks of pytest's plugins the native engine calls, and which only pytest does."""

from __future__ import annotations

from types import ModuleType

#: Hooks that the native engine calls, or has pytest call, as a pytest session would. Those that
#: only write to the terminal are called too, and what they write is not shown.
MODELLED = frozenset(
    {
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
    }
)

#: Hooks that pytest calls once for all tests, whichever conftest has them.
SESSION_WIDE = frozenset({"pytest_collection", "pytest_runtestloop"})

#: What surrounds a test in a pytest session: the native engine asks for implementations of plugins.
AROUND_TESTS = (
    "pytest_runtest_logstart",
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_pyfunc_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_runtest_logreport",
    "pytest_exception_interact",
    "pytest_runtest_logfinish",
    "pytest_assertrepr_compare",
)


def is_builtin(plugin):
    """Whether `plugin` is part of pytest, or of this engine."""
    if isinstance(plugin, ModuleType):
        name = plugin.__name__
    elif isinstance(plugin, type):
        name = plugin.__module__
    else:
        name = type(plugin).__module__
    return name.startswith(("_pytest.", "fastest_harness.")) or name == "pytest"


def foreign(caller):
    """The implementations of a hook that are no part of pytest."""
    # Before pytest 9 the hooks that take a path are wrapped, to accept the old kind of it too.
    caller = getattr(caller, "__wrapped__", caller)
    return [impl for impl in caller.get_hookimpls() if not is_builtin(impl.plugin)]


def refusal(manager, plugin):
    """(hook, where it is) of the first hook of `plugin` that only pytest calls, or None."""
    from _pytest import hookspec

    for caller in manager.get_hookcallers(plugin) or ():
        name = caller.name
        if not hasattr(hookspec, name):
            # A hook that another plugin made is called by that plugin.
            continue
        for impl in caller.get_hookimpls():
            if impl.plugin is plugin and not _is_called(name, impl, manager):
                return name, _place(impl.function)
    return None


def _is_called(name, impl, manager):
    """Whether the engine calls this implementation of the hook `name`."""
    if name != "pytest_collect_file":
        return name in MODELLED
    # Discovery has seen those that a conftest itself defines, and which files they may be offered;
    # what others collect only a session of pytest finds.
    plugin, code = impl.plugin, getattr(impl.function, "__code__", None)
    defined = code is not None and code.co_filename == getattr(plugin, "__file__", None)
    return defined and plugin in manager._conftest_plugins


def _place(function):
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else None


def without(caller, keep=()):
    """Take pytest's own implementations out of a hook, but for those of the plugins `keep`."""
    for impl in caller.get_hookimpls():
        if is_builtin(impl.plugin) and impl.plugin not in keep:
            caller._remove_plugin(impl.plugin)


def replace(caller, plugin, function):
    """Have a hook call `function` where it called `plugin`; it takes the same arguments."""
    for impl in caller.get_hookimpls():
        if impl.plugin is plugin:
            impl.function = function
