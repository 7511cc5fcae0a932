"""What stands in for pytest-cov in a session of pytest: the worker itself measures."""

import pytest

from fastest_harness.coverage_run import is_excluded


def coverage_plugins(config):
    """What stands in for pytest-cov: the worker measures, from before the session on."""
    plugins = coverage_options(config)
    if config.get("measurement") is not None:
        plugins.append(_Phases(config["measurement"]))
    return plugins


def coverage_options(config):
    """What accepts pytest-cov's options, and keeps them from having an effect."""
    plugins = [CoverageOff()]
    if "pytest-cov" not in config.get("plugins", ()):
        plugins.append(_CoverageOptions())
    return plugins


class CoverageOff:
    """Keeps pytest-cov from measuring: sessions side by side would overwrite each other's data."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_load_initial_conftests(self, early_config):
        options = early_config.known_args_namespace
        if getattr(options, "cov_source", None):
            options.cov_source = []
        yield


class _CoverageOptions:
    """Lets a session accept pytest-cov's options in `addopts` where pytest-cov is not installed."""

    @staticmethod
    def pytest_addoption(parser):
        group = parser.getgroup("cov")
        group.addoption("--cov", action="append", nargs="?", dest="cov_source")
        for name in ("report", "config", "fail-under", "precision", "context"):
            group.addoption(f"--cov-{name}", action="append")
        for name in ("--no-cov", "--no-cov-on-fail", "--cov-append", "--cov-branch", "--cov-reset"):
            group.addoption(name, action="store_true")


class _Phases:
    """Tells the measurement of coverage of the phases of each test."""

    def __init__(self, measurement):
        self._measurement = measurement

    def pytest_runtest_setup(self, item):
        self._measurement.enter(item.nodeid, "setup")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        self._measurement.enter(item.nodeid, "run")
        excluded = is_excluded(item) or "no_cover" in getattr(item, "fixturenames", ())
        if excluded:
            self._measurement.pause()
        yield
        if excluded:
            self._measurement.resume()

    def pytest_runtest_teardown(self, item):
        self._measurement.enter(item.nodeid, "teardown")

    def pytest_runtest_logfinish(self):
        self._measurement.leave()
