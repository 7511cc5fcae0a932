"""The native engine: pytest's outcomes without pytest's cost, for what it models exactly.

`NativeEngine(config, sink).run()` pulls test files from the sink, runs them and reports. What it
does not model raises `Unsupported` inside and becomes a `deopt` outside: before the first test
of a file where that can be known, else from the test that met it.
"""

from .engine import NativeEngine
from .errors import Unsupported

__all__ = ["NativeEngine", "Unsupported"]
