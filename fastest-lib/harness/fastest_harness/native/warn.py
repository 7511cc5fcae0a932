"""Recording warnings, with pytest's default filters, the configured ones and those of marks."""

from __future__ import annotations

import sys
import warnings

from . import versions
from .errors import Unsupported

__tracebackhide__ = True


def _add_filter(text, escape):
    parts = text.split(":")
    if len(parts) > 5:
        raise Unsupported(f"warning filter {text!r}")
    parts = [part.strip() for part in parts] + [""] * (5 - len(parts))
    action, message, category, module, line = parts
    try:
        action = warnings._getaction(action)
        category = _category(category)
        lineno = int(line) if line else 0
    except Exception as error:
        raise Unsupported(f"warning filter {text!r}: {error}") from None
    if lineno < 0:
        raise Unsupported(f"warning filter {text!r}")
    if message and escape:
        import re

        message = re.escape(message)
    if module and escape:
        import re

        module = re.escape(module) + r"\Z"
    warnings.filterwarnings(action, message, category, module, lineno)


def _category(name):
    if not name:
        return Warning
    module, _, cls = name.rpartition(".")
    namespace = __import__(module or "builtins", None, None, [cls])
    category = getattr(namespace, cls)
    if not issubclass(category, Warning):
        raise Unsupported(f"{name} is not a warning")
    return category


class WarningRecorder:
    """Catches the warnings of one test, or of one file's collection, at a time."""

    def __init__(self, config, emit):
        self._ini = config["filterwarnings"]
        self._cmdline = config["cmdline_warnings"]
        self._emit = emit
        self._prepared = None
        self._open = []
        # 3.14 moved the module's internals; there the plain way must do.
        self._fast = sys.version_info < (3, 14)

    def _configure(self):
        if not sys.warnoptions:
            warnings.filterwarnings("always", category=DeprecationWarning)
            warnings.filterwarnings("always", category=PendingDeprecationWarning)
        for text in self._ini:
            _add_filter(text, escape=False)
        for text in self._cmdline:
            _add_filter(text, escape=True)

    def prepare(self):
        """Compute the filters that every test starts with."""
        with warnings.catch_warnings():
            self._configure()
            self._prepared = list(warnings.filters)

    def start(self, item=None):
        """Begin to record; `item` may add filters by marks. Recordings nest."""
        if self._fast:
            log = []
            saved = warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl
            self._open.append((log, saved))
            warnings.filters = self._prepared[:]
            warnings._filters_mutated()
            warnings._showwarnmsg_impl = log.append
            warnings.showwarning = warnings._showwarning_orig
        else:
            context = warnings.catch_warnings(record=True)
            self._open.append((context.__enter__(), context))
            self._configure()
        while item is not None:
            for mark in item.own_markers:
                if mark.name == "filterwarnings":
                    for text in mark.args:
                        _add_filter(text, escape=False)
            item = item.parent

    def stop(self, seq, when, nodeid):
        """End the latest recording and hand each warning on."""
        log, saved = self._open.pop()
        if self._fast:
            warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl = saved
            warnings._filters_mutated()
        else:
            saved.__exit__(None, None, None)
        for warning in log:
            self.say(seq, warning, when, nodeid)

    def say(self, seq, warning, when, nodeid):
        """Hand a warning on."""
        self._emit(seq, described(warning, when, nodeid))


def described(warning, when, nodeid):
    """A recorded warning as the dispatcher is told of it."""
    return {
        "category": warning.category.__name__,
        "message": str(warning.message),
        "path": warning.filename,
        "line": warning.lineno,
        "when": when,
        "nodeid": nodeid,
    }


class StrayExceptions:
    """Exceptions that nobody could catch: in `__del__` and in threads, made into warnings."""

    def __init__(self, config):
        self._config = config
        #: What is to be reported.
        self.pending = []

    def start(self):
        """Install both hooks; that of `threading` only if it is in use."""
        sys.unraisablehook = self._unraisable
        if "threading" in sys.modules:
            self.watch_threads()

    def watch_threads(self):
        """Install the hook of `threading`."""
        import threading

        threading.excepthook = self._thread

    def _unraisable(self, args):
        where = args.err_msg or "Exception ignored in"
        self._keep("unraisableexception", "unraisable_hook", args, f"{where}: {args.object!r}")

    def _thread(self, args):
        name = "<unknown>" if args.thread is None else args.thread.name
        summary = f"Exception in thread {name}"
        self._keep("threadexception", "thread_exception_hook", args, summary)

    def _keep(self, module, hook, args, summary):
        if not versions.installed():
            return
        from importlib import import_module

        plugin = import_module(f"_pytest.{module}")
        words = getattr(plugin, hook, None)
        if words is not None:
            words(args, append=self.pending.append)
            return
        # Before 8.4 the same text is made elsewhere in pytest, tied to its hooks.
        import traceback

        lines = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
        self.pending.append((module, f"{summary}\n\n" + "".join(lines)))

    def raise_or_warn(self):
        """Warn of each; raises where a filter makes errors of them."""
        import pytest
        from _pytest import threadexception, unraisableexception

        pending, self.pending = self.pending, []
        if pending and type(pending[0]) is tuple:
            for module, text in pending:
                if module == "threadexception":
                    warnings.warn(pytest.PytestUnhandledThreadExceptionWarning(text), stacklevel=1)
                else:
                    warnings.warn(pytest.PytestUnraisableExceptionWarning(text), stacklevel=1)
            return
        stash = self._config.stash
        threads = [m for m in pending if type(m).__name__ == "ThreadExceptionMeta"]
        stash[threadexception.thread_exceptions] = threads
        others = [m for m in pending if type(m).__name__ != "ThreadExceptionMeta"]
        stash[unraisableexception.unraisable_exceptions] = others
        threadexception.collect_thread_exception(self._config)
        unraisableexception.collect_unraisable(self._config)
