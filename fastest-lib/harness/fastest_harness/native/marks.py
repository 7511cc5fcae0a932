"""Skip and xfail marks, and selection by `-k` and `-m`."""

from __future__ import annotations

from .errors import Unsupported
from .nodes import SESSION

__tracebackhide__ = True

#: Marks that a plugin acts upon; a test that carries one runs under pytest. Marks not listed
#: here or above are labels.
PLUGIN_MARKS = frozenset(
    {
        "asyncio",
        "anyio",
        "trio",
        "tornado",
        "gen_test",
        "flaky",
        "repeat",
        "rerun",
        "order",
        "run",
        "dependency",
        "depends",
        "xdist_group",
        "forked",
        "isolated",
        "django_db",
        "urls",
        "ignore_template_errors",
        "benchmark",
        "freeze_time",
        "vcr",
        "block_network",
        "enable_socket",
        "disable_socket",
        "allow_hosts",
        "no_cover",
        "parallel_threads",
        "thread_unsafe",
        "iterations",
        "httpx_mock",
        "mpl_image_compare",
        "qt_log_level_fail",
        "qt_no_exception_capture",
        "usefixtures_async",
        "limit_memory",
        "limit_leaks",
    }
)

#: Attributes that decorators of plugins leave on a test function.
_PLUGIN_ATTRIBUTES = ("is_hypothesis_test", "hypothesis", "_hypothesis_internal_use_settings")


_acted_upon = PLUGIN_MARKS
_attributes = _PLUGIN_ATTRIBUTES


def act_upon(names):
    """From now on plugins are called, but for those that act upon the marks `names`."""
    global _acted_upon, _attributes
    _acted_upon = names
    _attributes = ()


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
        if mark.name in _acted_upon:
            raise Unsupported(f"mark {mark.name}")
        if mark.name in ("tryfirst", "trylast"):
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
    """`-k` and `-m` of one run. Raises `Unsupported` where pytest reports a usage error."""

    def __init__(self, config):
        keyword = config["keyword"].lstrip()
        self._keyword = _compile(keyword) if keyword else None
        self._marks = _compile(config["markexpr"]) if config["markexpr"] else None
        if self._marks is not None and config["strict_markers"]:
            raise Unsupported("-m with strict markers")

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


def _keyword_matcher(item):
    from _pytest import mark as pytest_mark

    names = set(item.nodeid.partition("::")[0].split("/"))
    for node in item.iter_parents():
        if node.level != SESSION:
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
