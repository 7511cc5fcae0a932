"""Running tests whose coverage is measured."""

from __future__ import annotations

from ..coverage_run import is_excluded
from .runner import Runner

__tracebackhide__ = True


class MeasuredRunner(Runner):
    """A runner that tells `measurement` of the phases of each test."""

    def __init__(self, measurement, *parts):
        super().__init__(*parts)
        self._measurement = measurement

    def run(self, seq, item, nextitem, peek):
        """As `Runner.run`."""
        try:
            return super().run(seq, item, nextitem, peek)
        finally:
            self._measurement.leave()

    def _setup(self, item, marked):
        self._measurement.enter(item.nodeid, "setup")
        super()._setup(item, marked)

    def _call(self, item, marked):
        self._measurement.enter(item.nodeid, "run")
        if not is_excluded(item):
            super()._call(item, marked)
            return
        self._measurement.pause()
        try:
            super()._call(item, marked)
        finally:
            self._measurement.resume()

    def _teardown(self, item, nextitem, peek):
        self._measurement.enter(item.nodeid, "teardown")
        return super()._teardown(item, nextitem, peek)
