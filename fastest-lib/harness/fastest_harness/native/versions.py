"""Which pytest is installed, found without importing it.

Importing pytest costs more than a small test run does, and a test file that never imports it
does not need it. Its version is still needed to name cached bytecode and to choose between
behaviours that changed from release to release.
"""

from __future__ import annotations

import os
from importlib.machinery import PathFinder


def _read_version(directory):
    try:
        with open(os.path.join(directory, "_version.py"), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return None
    for line in text.splitlines():
        # Written by setuptools-scm: `__version__ = version = '9.0.2'`.
        if line.startswith(("__version__", "version =")) and line[-1:] in "'\"":
            return line.rstrip("'\"").replace('"', "'").rpartition("'")[2]
    return None


class PytestVersion:
    """The installed pytest: `text` (None when absent), `key` = (major, minor), `supported`."""

    def __init__(self, text):
        self.text = text
        self.key = (0, 0)
        if text:
            parts = text.split(".")
            if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit():
                self.key = (int(parts[0]), int(parts[1]))

    @property
    def installed(self):
        """Whether a pytest can be imported at all."""
        return self.text is not None

    @property
    def supported(self):
        """Whether the engine knows this release's rules. No pytest at all counts as known."""
        return self.text is None or (8, 2) <= self.key < (10, 0)

    @property
    def supported_and_installed(self):
        """Whether there is a pytest whose rules the engine knows."""
        return self.installed and self.supported


def find_pytest():
    """Look the installed pytest up on `sys.path`."""
    try:
        spec = PathFinder.find_spec("_pytest")
    except Exception:
        spec = None
    if spec is None or not spec.origin:
        return PytestVersion(None)
    # An unreadable version is an unknown pytest, not an absent one.
    return PytestVersion(_read_version(os.path.dirname(spec.origin)) or "unknown")


#: The pytest of this process. An interpreter can import only one, so neither can the engine.
_active = PytestVersion(None)


def activate(version):
    """Make `version` the one whose rules hold in this process."""
    global _active
    _active = version


def at_least(major, minor):
    """Whether the rules of this pytest release or a later one hold; true without pytest."""
    return not _active.installed or _active.key >= (major, minor)


def installed():
    """Whether this process can import pytest."""
    return _active.installed
