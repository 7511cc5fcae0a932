"""Log records per phase.

`logging` is not imported before a test module does it: the finder arms the handlers right after
its first import, so that `basicConfig` and the last-resort handler behave as under pytest.
"""

from __future__ import annotations

import sys

from . import versions
from .errors import Unsupported

__tracebackhide__ = True

_FORMAT = "%(levelname)-8s %(name)s:%(filename)s:%(lineno)d %(message)s"
_DATE_FORMAT = "%H:%M:%S"


def _handler_class(logging):
    from io import StringIO

    class LogCaptureHandler(logging.StreamHandler):
        """Keeps records and their text."""

        def __init__(self):
            super().__init__(StringIO())
            self.records = []

        def emit(self, record):
            self.records.append(record)
            super().emit(record)

        def reset(self):
            self.records = []
            self.stream = StringIO()

        def clear(self):
            self.records.clear()
            self.stream = StringIO()

        def handleError(self, record):
            if logging.raiseExceptions:
                # A message that cannot be formatted fails the test.
                raise

    return LogCaptureHandler


_LEVELS = {
    "CRITICAL": 50,
    "FATAL": 50,
    "ERROR": 40,
    "WARNING": 30,
    "WARN": 30,
    "INFO": 20,
    "DEBUG": 10,
    "NOTSET": 0,
}


class LogSettings:
    """pytest's `log_*` settings, as far as they show in reports and in what loggers let through.

    Live logs go to pytest's terminal, which no worker has. Raises `ValueError` for what pytest
    does not accept, and for a log file, which only one process can write.
    """

    def __init__(self, settings):
        if settings.get("log_file"):
            raise ValueError("setting log_file writes a log file")
        self.level = _level(settings, "log_level")
        #: The levels down to which the root logger is opened for the whole session.
        levels = (_level(settings, name, "log_level") for name in _SESSION_LEVELS)
        self.session_levels = [level for level in levels if level is not None]
        self.format = settings.get("log_format") or _FORMAT
        self.date_format = settings.get("log_date_format") or _DATE_FORMAT
        self.auto_indent = settings.get("log_auto_indent")
        #: Whether only pytest's own formatter does as they say.
        self.need_pytest = self.auto_indent is not None or "%f" in self.date_format


_SESSION_LEVELS = ("log_cli_level", "log_file_level")


def _level(settings, *names):
    for name in names:
        value = settings.get(name)
        if value is not None and value != "":
            break
    else:
        return None
    if isinstance(value, int):
        return value
    try:
        return int(_LEVELS.get(value.upper(), value))
    except ValueError:
        raise ValueError(f"setting {name} has no level {value!r}") from None


class LogCapture:
    """The handlers on the root logger (and on loggers that do not propagate)."""

    def __init__(self, config, settings):
        self._config = config
        self._settings = settings
        self._handlers = None
        self._when = None
        self._with_pytest = False
        # The root logger's level before the phase, and before the file was loaded.
        self._level_before_phase = None
        self._level_before_file = None
        # Whether the plugin whose part this is has been taken out.
        self._is_out = False
        # Whether loggers that do not propagate are captured as well.
        self._reaches_all = versions.at_least(9, 1)

    def arm(self):
        """Attach the handlers if `logging` is in use. Called at the start of each phase."""
        if self._is_out:
            return
        if self._handlers is None:
            logging = sys.modules.get("logging")
            if logging is None or not hasattr(logging, "StreamHandler"):
                return
            self._make_handlers(logging)
        handlers = self._root.handlers
        if not handlers or handlers[-1] is not self._report or handlers[-2:] != self._handlers:
            for handler in (*self._idle, *self._handlers):
                if handler in handlers:
                    self._root.removeHandler(handler)
                self._root.addHandler(handler)
        if not self._reaches_all:
            return
        for logger in list(self._loggers.values()):
            if not getattr(logger, "propagate", True):
                for handler in self._handlers:
                    if handler not in logger.handlers:
                        logger.addHandler(handler)

    def _make_handlers(self, logging):
        self._root = logging.getLogger()
        self._loggers = self._root.manager.loggerDict
        # pytest has two more handlers at work, for live logs and for a log file. Both do
        # nothing by default, but tests can see that the root logger has handlers.
        self._idle = [logging.NullHandler(), logging.NullHandler()]
        settings = self._settings
        if self._with_pytest or settings.need_pytest:
            from _pytest.logging import LogCaptureHandler as cls

            self._formatter = self._pytest_formatter()
        else:
            cls = _handler_class(logging)
            self._formatter = logging.Formatter(settings.format, settings.date_format)
        self._caplog, self._report = self._handlers = [cls(), cls()]
        for handler in self._handlers:
            handler.setFormatter(self._formatter)
            if settings.level is not None:
                handler.setLevel(settings.level)
        for level in settings.session_levels:
            self._root.setLevel(min(self._root.level, level))
        if self._when is not None:
            self._open_root()

    def _pytest_formatter(self):
        from _pytest.logging import (
            ColoredLevelFormatter,
            DatetimeFormatter,
            PercentStyleMultiline,
        )

        settings = self._settings
        if ColoredLevelFormatter.LEVELNAME_FMT_REGEX.search(settings.format):
            writer = self._config.get_terminal_writer()
            formatter = ColoredLevelFormatter(writer, settings.format, settings.date_format)
        else:
            formatter = DatetimeFormatter(settings.format, settings.date_format)
        style = PercentStyleMultiline(formatter._style._fmt, auto_indent=settings.auto_indent)
        formatter._style = style
        return formatter

    def _open_root(self):
        level = self._settings.level
        if level is not None:
            self._level_before_phase = self._root.level
            self._root.setLevel(min(self._root.level, level))

    def use_pytest(self):
        """Take pytest's own handlers, now that pytest is imported."""
        self._with_pytest = True
        if self._handlers is not None:
            for handler in (*self._idle, *self._handlers):
                self._root.removeHandler(handler)
            self._handlers = None
            self._close_root()
        self.arm()

    def _close_root(self):
        if self._level_before_phase is not None:
            self._root.setLevel(self._level_before_phase)
            self._level_before_phase = None

    def start_loading(self):
        """A file is loaded: what its import does to the root logger's level will not last."""
        if self._handlers is not None and self._settings.session_levels:
            self._level_before_file = self._root.level

    def end_loading(self):
        """The file was loaded."""
        if self._handlers is None or not self._settings.session_levels:
            return
        before = self._level_before_file
        if before is None:
            # What a fresh root logger has, opened for the session.
            before = min(_LEVELS["WARNING"], *self._settings.session_levels)
        self._root.setLevel(before)
        self._level_before_file = None

    def plugin(self):
        """What pytest's own code asks its logging plugin for."""
        import logging

        if self._handlers is None:
            self._make_handlers(logging)
        return _Plugin(self._formatter, self._settings.level)

    def take_out(self):
        """A test unregisters pytest's logging plugin, which still ends the phase that runs.

        Returns what stands for the plugin.
        """
        self._is_out = True
        return self.plugin()

    def put_back(self):
        """The plugin is registered anew; it has a part in phases that begin from now on."""
        self._is_out = False

    def start_phase(self, item, when):
        """Begin with no records."""
        if self._is_out:
            if "caplog" in item.info.closure:
                raise Unsupported("caplog without the logging plugin")
            return
        self.arm()
        self._when = when
        if self._handlers is None:
            return
        if self._settings.level is not None:
            self._open_root()
        for handler in self._handlers:
            if handler.records or handler.stream.tell():
                handler.reset()
        if "caplog" in item.info.closure:
            self.serve_caplog(item)

    def serve_caplog(self, item):
        """Put the handler and this phase's records where pytest's `caplog` looks for them."""
        import logging  # noqa: F401

        from _pytest.logging import caplog_handler_key, caplog_records_key

        if self._handlers is None:
            self.arm()
        records = item.stash.setdefault(caplog_records_key, {})
        # A phase may not share the list of the one before.
        if self._when not in records:
            self._caplog.records = []
        records[self._when] = self._caplog.records
        item.stash[caplog_handler_key] = self._caplog

    def end_phase(self, item, when):
        """Move the text of the records to the item's report."""
        started, self._when = self._when is not None, None
        if self._handlers is None or not started:
            return
        self._close_root()
        if self._report.stream.tell():
            text = self._report.stream.getvalue().strip()
            item.add_report_section(when, "log", text)
        if self._is_out:
            for handler in self._handlers:
                self._root.removeHandler(handler)


class _Plugin:
    def __init__(self, formatter, log_level):
        self.formatter = formatter
        self.log_level = log_level
