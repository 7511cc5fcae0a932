"""Run pytest and record every report, one JSON object a line.

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
    # JSON readers other than Python's refuse lone surrogates.
    return line.encode("utf-8", "backslashreplace").decode()


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
