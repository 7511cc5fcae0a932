import contextlib
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent


def test_inside():
    pass


def test_reads():
    with contextlib.suppress(OSError):
        (SOURCES / "lib/hidden.py").read_text()


def test_imports(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SOURCES), *sys.path])
    import lib.hidden  # noqa: F401
