"""`unittest.TestCase` classes: collecting them, their class fixtures, and running their tests.

A test method runs by calling its instance, with the item itself as the result object. What the
result is told of errors, skips and subtests goes to pytest's own methods for that, so that the
rules of the installed release hold.
"""

from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace

from . import report, subtests, versions
from .errors import Unsupported, as_pytest
from .fixtures import FixtureDef, Holder, exception_group
from .marks import check_attributes, unpacked_marks
from .nodes import CLASS, FUNCTION, LEVELS, Class, Function
from .xunit import add_class_setup

__tracebackhide__ = True

_ABSTRACT = 1 << 20
_ASYNC = 0x80 | 0x200
_PLAIN = ("unittest.case", "unittest.async_case")


def is_case(cls):
    """Whether pytest leaves the class to its unittest plugin."""
    unittest = sys.modules.get("unittest")
    try:
        return issubclass(cls, unittest.TestCase)
    except Exception:
        return False


def collect_case(collector, name, parent, cls, scope, items):
    """Add the tests of the TestCase `cls` to `items`."""
    if cls.__flags__ & _ABSTRACT and versions.at_least(8, 3):
        return
    if not getattr(cls, "__test__", True):
        return
    if cls.__module__ in _PLAIN and not hasattr(cls, "runTest"):
        return
    if any(base.__module__.startswith("twisted.") for base in cls.__mro__):
        raise Unsupported(f"twisted.trial class {name}")
    node = Class(name, parent, cls)
    node.own_markers = unpacked_marks(cls) if "_pytest.mark" in sys.modules else []
    tests = [(test, *_method(cls, test)) for test in _test_names(cls)]
    holder = Holder(parent.config)
    skipped = _is_skipped(cls)
    if skipped:
        if versions.installed() and versions.at_least(9, 2):
            _add_skip_fixture(holder, cls)
    else:
        _add_method_fixture(holder, cls)
    own = Holder(parent.config)
    if not skipped:
        add_class_setup(own, cls)
    if "_pytest.fixtures" in sys.modules:
        own.add_all(cls("runTest"))
    marks = [mark for _, _, marks in tests for mark in marks]
    marks += [*node.own_markers, *scope.marks]
    surrounded = scope.autouse or holder.autouse or own.autouse or collector.usefixtures
    if not skipped and (
        surrounded or _has_class_code(cls) or any(mark.name == "usefixtures" for mark in marks)
    ):
        _add_class_fixture(holder, cls)
    holder.add_holder(own)
    inner = scope.inside(holder, node.own_markers)
    kind = CaseWithSubtests if versions.at_least(9, 0) else CaseFunction
    if not versions.installed():
        kind = CaseWithoutPytest
    for test, func, own_marks in tests:
        info = collector.plain_info(test, func, own_marks, inner)
        items.append(kind(test, node, f"{node.nodeid}::{test}", info, None, own_marks))
        if not _is_plain(cls):
            # Its constructor may do anything, and pytest calls it while it collects.
            items[-1].instance  # noqa: B018


def _test_names(cls):
    from unittest import TestLoader

    names = []
    for name in TestLoader().getTestCaseNames(cls):
        if getattr(getattr(cls, name), "__test__", True):
            names.append(name)
    if not names and getattr(cls, "runTest", None) is not None:
        names.append("runTest")
    return names


def _method(cls, name):
    """(plain function, marks) of the test method `name`."""
    value = getattr(cls, name)
    func = getattr(value, "__func__", value)
    attributes = getattr(func, "__dict__", None)
    if isinstance(func, type) or attributes is None:
        raise Unsupported(f"{name} is not a function")
    check_attributes(name, attributes)
    return func, unpacked_marks(func) if attributes else []


def _is_plain(cls):
    init = cls.__init__
    return getattr(init, "__module__", None) in _PLAIN and cls.__new__ is object.__new__


def _is_skipped(obj):
    return bool(getattr(obj, "__unittest_skip__", False))


def _has_class_code(cls):
    """Whether `cls` has code of its own to run around all of its tests."""
    from unittest import TestCase

    for name in ("setUpClass", "tearDownClass", "doClassCleanups"):
        own = getattr(cls, name, None)
        if getattr(own, "__func__", None) is not getattr(TestCase, name).__func__:
            return True
    return False


def _require_unskipped(obj):
    if _is_skipped(obj):
        raise Unsupported(f"{obj!r} was skipped after its collection")


def _clean_up_class(cls):
    """Run the class cleanups and raise what they raised."""
    cleanup = getattr(cls, "doClassCleanups", None)
    if cleanup is not None:
        cleanup()
    exceptions = [entry[1] for entry in getattr(cls, "tearDown_exceptions", None) or ()]
    if len(exceptions) == 1:
        raise exceptions[0]
    if exceptions:
        raise exception_group("Unittest class cleanup errors", exceptions)


def _add_class_fixture(holder, cls):
    setup = getattr(cls, "setUpClass", None)
    teardown = getattr(cls, "tearDownClass", None)

    def around_class(request):
        _require_unskipped(request.cls)
        if setup is not None:
            try:
                setup()
            except Exception:
                _clean_up_class(cls)
                raise
        yield
        try:
            if teardown is not None:
                teardown()
        finally:
            _clean_up_class(cls)

    _add(holder, f"_unittest_setUpClass_fixture_{cls.__qualname__}", around_class, CLASS)


def _add_method_fixture(holder, cls):
    setup = getattr(cls, "setup_method", None)
    teardown = getattr(cls, "teardown_method", None)
    if setup is None and teardown is None:
        return

    def around_method(request):
        instance = request.instance
        _require_unskipped(instance)
        if setup is not None:
            setup(instance, request.function)
        yield
        if teardown is not None:
            teardown(instance, request.function)

    _add(holder, f"_unittest_setup_method_fixture_{cls.__qualname__}", around_method, FUNCTION)


def _add_skip_fixture(holder, cls):
    """The fixture by which pytest skips a whole class, taken from pytest."""
    from _pytest.unittest import UnitTestCase

    def register(*, name, func, scope, **_):
        _add(holder, name, func, LEVELS[scope])

    manager = SimpleNamespace(_register_fixture=register)
    collector = SimpleNamespace(session=SimpleNamespace(_fixturemanager=manager))
    UnitTestCase._register_unittest_skip_fixture(collector, cls)


def _add(holder, name, func, level):
    holder.add(FixtureDef(name, func, level, autouse=True, native=True))


class _CaseHooks:
    """The hooks that the result methods of pytest call."""

    def __init__(self, item):
        self._item = item

    def pytest_runtest_makereport(self, item, call):
        return report.of_call(item, call)

    def pytest_runtest_logreport(self, report):
        self._item.extra_reports.append(subtests.as_entry(report))

    def pytest_exception_interact(self, **_):
        pass

    def __getattr__(self, name):
        return getattr(self._item.config.hook, name)


class CaseFunction(Function):
    """A test method of a TestCase."""

    drops_instance = True
    failfast = False
    _cached_errors_and_skips = None
    # Before pytest 9 such a result knows no subtests, and unittest asks.
    _absent = Function._absent | {"addSubTest"}

    @property
    def instance(self):
        """The TestCase instance, made on first use."""
        if self._instance is None:
            self._instance = self.parent.obj(self.name)
        return self._instance

    _testcase = instance

    @property
    def ihook(self):
        return _CaseHooks(self)

    def __repr__(self):
        # The result of a TestCase's `run` is shown among the values of a traceback.
        return f"<TestCaseFunction {self.name}>"

    def drop_instance(self):
        """Let the instance go, as pytest does when the test is torn down."""
        self._instance = None

    def own_call(self):
        """Have unittest run the method and report to this item."""
        testcase = self.instance
        method = self.obj
        code = getattr(getattr(method, "__func__", method), "__code__", None)
        if code is not None and code.co_flags & _ASYNC:
            testcase(result=self)
        else:
            setattr(testcase, self.name, method)
            try:
                testcase(result=self)
            finally:
                delattr(testcase, self.name)
        cls = self.parent.obj
        if not self.info.closure and getattr(cls, "_class_cleanups", None):
            # No fixture ends with this class, so that one for its cleanups was left out.
            self.parent.addfinalizer(partial(_clean_up_class, cls))

    def startTest(self, testcase):
        """unittest's word that the test begins."""

    addSuccess = stopTest = startTest

    def addDuration(self, testcase, elapsed):
        """unittest's word of how long the test took."""

    def addError(self, testcase, rawexcinfo):
        """unittest's word of an error."""
        self._pytest("addError")(self, testcase, rawexcinfo)

    def addFailure(self, testcase, rawexcinfo):
        """unittest's word of a failed assertion."""
        self._pytest("addFailure")(self, testcase, rawexcinfo)

    def addSkip(self, testcase, reason, **options):
        """unittest's word of a skip."""
        self._pytest("addSkip")(self, testcase, reason, **options)

    def addExpectedFailure(self, testcase, rawexcinfo, reason=""):
        """unittest's word of a failure of a test that is expected to fail."""
        self._pytest("addExpectedFailure")(self, testcase, rawexcinfo, reason)

    def addUnexpectedSuccess(self, testcase, reason=None):
        """unittest's word that a test passed which is expected to fail."""
        self._pytest("addUnexpectedSuccess")(self, testcase, reason)

    @staticmethod
    def _pytest(name):
        from _pytest.unittest import TestCaseFunction

        return getattr(TestCaseFunction, name)

    def _addexcinfo(self, rawexcinfo):
        self._pytest("_addexcinfo")(self, rawexcinfo)

    def _traceback_filter(self, excinfo):
        traceback = super()._traceback_filter(excinfo)
        shown = traceback.filter(lambda entry: not entry.frame.f_globals.get("__unittest"))
        return shown or traceback


class CaseWithSubtests(CaseFunction):
    """The same where pytest reports subtests."""

    _absent = Function._absent

    def addSubTest(self, test_case, test, exc_info):
        """unittest's word of the end of a subtest."""
        if not self.extra_reports:
            self.extra_reports = []
        self._pytest("addSubTest")(self, test_case, test, exc_info)

    def _obtain_errors_and_skips(self):
        return self._pytest("_obtain_errors_and_skips")(self)


class CaseWithoutPytest(CaseFunction):
    """The same where pytest is not installed: the first thing that went wrong is the outcome."""

    def addError(self, testcase, rawexcinfo):
        """unittest's word of an error."""
        if not self._excinfo:
            self._excinfo = [SimpleNamespace(value=rawexcinfo[1])]

    addFailure = addError

    def addSkip(self, testcase, reason):
        """unittest's word of a skip."""
        from unittest import SkipTest

        self._add(SkipTest(reason))

    def addExpectedFailure(self, testcase, rawexcinfo):
        """unittest's word of a failure of a test that is expected to fail."""
        self.addError(testcase, rawexcinfo)
        self.expected_failure = True

    def addUnexpectedSuccess(self, testcase):
        """unittest's word that a test passed which is expected to fail."""
        self._add(AssertionError("Unexpected success"))

    def _add(self, error):
        # Raised for the sake of a traceback.
        try:
            raise as_pytest(error)
        except type(error):
            self.addError(None, sys.exc_info())
