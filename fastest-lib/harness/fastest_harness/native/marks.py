"""Skip and xfail marks, and selection by `-k` and `-m`."""

from __future__ import annotations

from .errors import Unsupported
from .nodes import DIRECTORY, PACKAGE, SESSION

__tracebackhide__ = True

#: Mark -> the distributions whose plugin acts upon it. Where one of them is installed, a test that
#: carries the mark runs under pytest; elsewhere, and for all other names, a mark is a label.
PLUGIN_MARKS = {
    "trio": ("pytest-trio",),
    "tornado": ("pytest-tornado",),
    "gen_test": (
        "pytest-tornado",
        "pytest-tornasync",
    ),
    "flaky": (
        "flaky",
        "pytest-rerunfailures",
        "pytest-retry",
    ),
    "repeat": ("pytest-repeat",),
    "rerun": ("pytest-rerunfailures",),
    "order": ("pytest-order",),
    "run": ("pytest-ordering",),
    "dependency": ("pytest-dependency",),
    "depends": ("pytest-depends",),
    "forked": ("pytest-forked",),
    "isolated": (
        "pytest-isolated",
        "pytest-isolate",
    ),
    "django_db": ("pytest-django",),
    "urls": ("pytest-django",),
    "ignore_template_errors": ("pytest-django",),
    "benchmark": (
        "pytest-benchmark",
        "pytest-codspeed",
    ),
    "freeze_time": (
        "pytest-freezer",
        "pytest-freezegun",
    ),
    "vcr": (
        "pytest-vcr",
        "pytest-recording",
    ),
    "block_network": ("pytest-recording",),
    "enable_socket": ("pytest-socket",),
    "disable_socket": ("pytest-socket",),
    "allow_hosts": ("pytest-socket",),
    "no_cover": ("pytest-cov",),
    "parallel_threads": ("pytest-run-parallel",),
    "thread_unsafe": ("pytest-run-parallel",),
    "iterations": ("pytest-run-parallel",),
    "httpx_mock": ("pytest-httpx",),
    "mpl_image_compare": ("pytest-mpl",),
    "qt_log_level_fail": ("pytest-qt",),
    "qt_no_exception_capture": ("pytest-qt",),
    "limit_memory": ("pytest-memray",),
    "limit_leaks": ("pytest-memray",),
}
#: The plugins' distributions that are installed in this process.
_installed = frozenset()


def activate(plugins):
    """Make `plugins` the installed distributions that plug into pytest."""
    global _installed
    _installed = frozenset(plugins)


#: Attributes that decorators of plugins leave on a test function.
_PLUGIN_ATTRIBUTES = ("is_hypothesis_test", "hypothesis", "_hypothesis_internal_use_settings")


#: The marks that the engine refuses where plugins are called, else None.
_acted_upon = None
_attributes = _PLUGIN_ATTRIBUTES


def act_upon(names):
    """From now on plugins are called, but for those that act upon the marks `names`."""
    global _acted_upon, _attributes
    _acted_upon = names
    _attributes = ()


def _is_acted_upon(name):
    if _acted_upon is not None:
        return name in _acted_upon
    return name in PLUGIN_MARKS and not _installed.isdisjoint(PLUGIN_MARKS[name])


def check_attributes(name, attributes):
    """Raise `Unsupported` for a function that a plugin's decorator has made its own."""
    for attribute in _attributes:
        if attribute in attributes:
            raise Unsupported(f"test {name} carries {attribute}")


#: Whether any mark has limited the time of a test.
limits_time = False


def check_marks(marks):
    """Raise `Unsupported` for a mark that a plugin would act upon."""
    global limits_time
    for mark in marks:
        if mark.name == "timeout":
            limits_time = True
            _check_timeout(mark)
        if _is_acted_upon(mark.name):
            raise Unsupported(f"mark {mark.name}")


def _check_timeout(mark):
    from ..limits import arguments

    try:
        given = arguments(mark)
    except ValueError as error:
        raise Unsupported(str(error)) from None
    if given.get("func_only"):
        raise Unsupported("mark timeout with func_only")


def unpacked_marks(obj):
    """The marks stored on a function, class or module, in pytest's order."""
    if not isinstance(obj, type) and getattr(obj, "pytestmark", None) is None:
        return []
    from _pytest.mark.structures import get_unpacked_marks

    marks = list(get_unpacked_marks(obj))
    check_marks(marks)
    return marks


class Selector:
    """`-k` and `-m` of one run. Raises `Unsupported` where pytest reports a usage error.

    `values` is the worker's configuration, `config` what stands for pytest's.
    """

    def __init__(self, values, config):
        keyword = values["keyword"].lstrip()
        self._keyword = _compile(keyword) if keyword else None
        self._marks = _compile(values["markexpr"]) if values["markexpr"] else None
        if self._marks is not None:
            _require_registered(self._marks, config)

    def keep(self, item):
        """Whether the expressions select `item`."""
        if self._keyword is not None and not self._keyword.evaluate(_keyword_matcher(item)):
            return False
        return self._marks is None or self._marks.evaluate(_mark_matcher(item))


def _compile(text):
    try:
        from _pytest.mark.expression import Expression
    except ImportError:
        raise Unsupported("-k or -m without pytest") from None
    try:
        return Expression.compile(text)
    except Exception as error:
        raise Unsupported(f"expression {text!r}: {error}") from None


def _require_registered(expression, config):
    """Raise `Unsupported` for marks that strict markers do not allow in `-m`."""
    from _pytest import mark as pytest_mark

    # Releases without this function allow all.
    validate = getattr(pytest_mark, "_validate_marker_names", None)
    if validate is None:
        return
    try:
        validate(expression, config)
    except Exception as error:
        raise Unsupported(f"-m: {error}") from None


def _keyword_matcher(item):
    from _pytest import mark as pytest_mark

    names = set()
    for node in item.iter_parents():
        is_directory = node.level in (DIRECTORY, PACKAGE)
        if node.level != SESSION and not (is_directory and node.parent.level == SESSION):
            names.add(node.name)
        names.update(node.__dict__.get("extra_keyword_matches", ()))
    attributes = item.info.func.__dict__
    matchable = getattr(pytest_mark, "_is_matchable_function_attribute", None)
    names.update(n for n in attributes if matchable is None or matchable(n))
    names.update(mark.name for mark in item.iter_markers())
    return pytest_mark.KeywordMatcher(names)


def _mark_matcher(item):
    from _pytest.mark import MarkMatcher

    if hasattr(MarkMatcher, "from_markers"):
        return MarkMatcher.from_markers(item.iter_markers())
    return MarkMatcher.from_item(item)
