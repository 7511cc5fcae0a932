"""Run pytest and record every report, one JSON object a line; with --collect-only every test.

    record_pytest.py RECORD [PYTEST ARGUMENT ...]

A script that calls pytest and not a plugin named by ``-p``, so that neither the arguments nor the
environment of the run differ from those of the plain ``pytest`` command.
"""

import json
import os
import sys

import pytest


class Recorder:
    """Writes what pytest reports; flushed by the line, so that a crash keeps what came before."""

    def __init__(self, stream):
        self._stream = stream

    def _write(self, **record):
        self._stream.write(json.dumps(record) + "\n")
        self._stream.flush()

    def pytest_runtest_logreport(self, report):
        self._write(
            kind="test",
            nodeid=report.nodeid,
            when=report.when,
            outcome=report.outcome,
            wasxfail=hasattr(report, "wasxfail"),
            reason=reason_of(report),
        )

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self._write(
                kind="collect",
                nodeid=report.nodeid,
                outcome=report.outcome,
                reason=reason_of(report),
            )

    def pytest_collection_finish(self, session):
        # Not from what pytest prints: -q and -v, which a project may set itself, change that.
        if session.config.option.collectonly:
            for item in session.items:
                self._write(kind="item", nodeid=without_surrogates(item.nodeid))


def without_surrogates(text):
    """JSON readers other than Python's refuse lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()


def reason_of(report):
    """One line that says why, or None."""
    longrepr = report.longrepr
    if longrepr is None:
        return None
    if isinstance(longrepr, tuple):
        return str(longrepr[2])
    crash = getattr(longrepr, "reprcrash", None)
    text = str(longrepr if crash is None else crash.message)
    line = next((line for line in text.splitlines() if line.strip()), "")
    return without_surrogates(line)


def main():
    record, arguments = sys.argv[1], sys.argv[2:]
    # What the console script would have: its own folder in front, its own name.
    scripts = os.path.dirname(sys.executable)
    sys.path[0] = scripts
    sys.argv = [os.path.join(scripts, "pytest"), *arguments]
    with open(record, "w", encoding="utf-8") as stream:
        return pytest.main(arguments, plugins=[Recorder(stream)])


if __name__ == "__main__":
    sys.exit(main())
