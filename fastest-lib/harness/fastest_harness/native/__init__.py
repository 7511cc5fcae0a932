"""The native engine: pytest's outcomes without pytest's cost, for what it models exactly.

`engine_for(config, sink).run()` pulls test files from the sink, runs them and reports. What it
does not model raises `Unsupported` inside and becomes a `deopt` outside: before the first test
of a file where that can be known, else from the test that met it.
"""

import os

from .engine import NativeEngine
from .errors import Unsupported
from .versions import find_pytest

#: Distributions whose pytest plugin changes nothing unless an option, a fixture, a mark or an
#: `async def` test asks for it. Where nothing else is installed no file needs pytest's plugins,
#: but those that ask for an unknown fixture or that have hooks around them.
_ON_REQUEST = frozenset(
    {
        "anyio",
        "pytest-asyncio",
        "pytest-benchmark",
        "pytest-cov",
        "pytest-httpx",
        "pytest-mock",
        "pytest-rerunfailures",
        "pytest-timeout",
        "pytest-xdist",
    }
)


def needs_host(config):
    """Whether the files of a worker need a real configuration and session of pytest."""
    if config.get("hooks") or os.environ.get("PYTEST_PLUGINS"):
        return True
    plugins = config.get("plugins", ())
    return not _ON_REQUEST.issuperset(plugins) or _may_warn_at_start(config, plugins)


def _may_warn_at_start(config, plugins):
    """Whether pytest-asyncio warns of an unset setting where warnings may be errors of the run."""
    if "pytest-asyncio" not in plugins:
        return False
    if "asyncio_default_fixture_loop_scope" in config.get("settings", {}):
        return False
    filters = (*config["filterwarnings"], *config["cmdline_warnings"])
    return any(text.strip().startswith("error") for text in filters)


def engine_for(config, sink, plugins=()):
    """The native engine that the worker's configuration asks for."""
    if needs_host(config) and find_pytest().supported_and_installed:
        from .hosted_engine import HostedEngine

        return HostedEngine(config, sink, plugins)
    return NativeEngine(config, sink, plugins)


__all__ = ["NativeEngine", "Unsupported", "engine_for", "needs_host"]
