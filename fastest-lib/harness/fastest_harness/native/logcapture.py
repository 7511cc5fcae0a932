"""Log records per phase.

`logging` is not imported before a test module does it: the finder arms the handlers right after
its first import, so that `basicConfig` and the last-resort handler behave as under pytest.
"""

from __future__ import annotations

import sys

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


class LogCapture:
    """The handlers on the root logger (and on loggers that do not propagate)."""

    def __init__(self, config):
        self._config = config
        self._handlers = None
        self._when = None
        self._with_pytest = False

    def arm(self):
        """Attach the handlers if `logging` is in use. Called at the start of each phase."""
        logging = sys.modules.get("logging")
        if logging is None or not hasattr(logging, "StreamHandler"):
            return
        if self._handlers is None:
            self._make_handlers(logging)
        handlers = self._root.handlers
        if handlers[-2:] != self._handlers:
            for handler in (*self._idle, *self._handlers):
                if handler in handlers:
                    self._root.removeHandler(handler)
                self._root.addHandler(handler)
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
        if self._with_pytest:
            from _pytest.logging import (
                ColoredLevelFormatter,
                LogCaptureHandler,
                PercentStyleMultiline,
            )

            cls = LogCaptureHandler
            writer = self._config.get_terminal_writer()
            formatter = ColoredLevelFormatter(writer, _FORMAT, _DATE_FORMAT)
            formatter._style = PercentStyleMultiline(_FORMAT, auto_indent=None)
        else:
            cls = _handler_class(logging)
            formatter = logging.Formatter(_FORMAT, _DATE_FORMAT)
        self._caplog, self._report = self._handlers = [cls(), cls()]
        for handler in self._handlers:
            handler.setFormatter(formatter)

    def use_pytest(self):
        """Take pytest's own handlers, now that pytest is imported."""
        self._with_pytest = True
        if self._handlers is not None:
            for handler in (*self._idle, *self._handlers):
                self._root.removeHandler(handler)
            self._handlers = None
        self.arm()

    def start_phase(self, item, when):
        """Begin with no records."""
        self.arm()
        self._when = when
        if self._handlers is None:
            return
        for handler in self._handlers:
            if handler.records or handler.stream.tell():
                handler.reset()
        if "caplog" in item.fixturenames:
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
        if self._handlers is not None and self._report.stream.tell():
            text = self._report.stream.getvalue().strip()
            item.add_report_section(when, "log", text)
