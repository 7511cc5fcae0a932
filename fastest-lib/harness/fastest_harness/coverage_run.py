"""Measures coverage in a worker, by coverage.py, as pytest-cov's options ask for it.

The fork server imports coverage.py once and empties the data of earlier runs.  Each worker measures
from before it imports anything of the project, and saves what it saw in a file of its own below the
run's folder; children that coverage.py follows (`[run] patch`) inherit that folder.
`fastest_harness.coverage_report` puts the files together.
"""

import os
import sys

#: What the data files of workers and of their children are called, before their suffix.
DATA = "data"

#: Made when the data of earlier runs is gone: a second fork server must not empty it again.
_BEGUN = "begun"


def prepare(init):
    """Import coverage.py and begin anew; what keeps it from measuring, or None."""
    settings = init.get("coverage")
    if settings is None:
        return None
    try:
        import coverage
    except ImportError:
        return (
            "coverage cannot be measured: this interpreter has no coverage.py; install it with "
            "`pip install coverage`, or rule it out with --no-cov"
        )
    begun = os.path.join(settings["folder"], _BEGUN)
    try:
        measured = new(settings, data_suffix=True)
        if not settings["append"] and not os.path.exists(begun):
            measured.erase()
            with open(begun, "w", encoding="utf-8"):
                pass
    except (coverage.CoverageException, OSError) as error:
        return f"coverage cannot be measured: {error}"
    return None


def new(settings, **options):
    """A `coverage.Coverage` with the run's settings, which a configuration file completes."""
    import coverage

    sources = settings["sources"]
    return coverage.Coverage(
        source=None if "" in sources else sources,
        branch=settings["branch"] or None,
        # This name has coverage.py look into all the files that it knows.
        config_file=settings["config_file"] or ".coveragerc",
        **options,
    )


class Measurement:
    """The measurement of one worker, from `start` to `finish`."""

    def __init__(self, settings):
        self._directory = os.getcwd()
        self._contexts = settings["contexts"]
        data_file = os.path.join(settings["folder"], DATA)
        self._coverage = new(settings, data_file=data_file, data_suffix=True)
        # A worker sees a part of the tests: what it does not import another one may.
        self._coverage._warn_no_data = False
        self._coverage._warn_unimported_source = False
        self._coverage._warn_preimported_source = False

    def start(self):
        """Measure from now on."""
        variables = _choose_core(self._coverage, self._contexts)
        os.environ.update(variables)
        try:
            self._coverage.start()
        finally:
            for name in variables:
                os.environ.pop(name, None)

    def finish(self):
        """Stop, and save what was seen."""
        self._elsewhere(self._coverage.stop)
        self._elsewhere(self._coverage.save)

    def enter(self, nodeid, when):
        """A phase of a test begins: `setup`, `run` or `teardown`."""
        if self._contexts:
            self._coverage.switch_context(f"{nodeid}|{when}")

    def leave(self):
        """The test has ended: what follows is nobody's."""
        if self._contexts:
            self._coverage.switch_context("")

    def pause(self):
        """Stop for a while; for tests that carry the mark `no_cover`."""
        self._elsewhere(self._coverage.stop)

    def resume(self):
        """Go on after `pause`."""
        self._elsewhere(self._coverage.start)

    def _elsewhere(self, function):
        """Call `function` in the folder of the run, whichever one a test went to."""
        try:
            current = os.getcwd()
        except OSError:
            current = None
        os.chdir(self._directory)
        try:
            function()
        finally:
            if current is not None:
                os.chdir(current)


def is_excluded(item):
    """Whether the mark `no_cover` rules an item out."""
    return item.get_closest_marker("no_cover") is not None


def _choose_core(measured, contexts):
    """Have coverage.py use `sys.monitoring` where it can do all that is asked for.

    Gives the environment variables that tell older releases of it.
    """
    import coverage
    from coverage import env

    if sys.version_info < (3, 12) or "COVERAGE_CORE" in os.environ or contexts:
        return {}
    option = measured.get_option
    if option("run:timid") or option("run:plugins") or option("run:dynamic_context"):
        return {}
    if set(option("run:concurrency") or ()) - {"thread", "multiprocessing"}:
        return {}
    if option("run:branch") and not getattr(env.PYBEHAVIOR, "branch_right_left", False):
        # Python 3.12 and 3.13 do not say which way a branch went.
        return {}
    try:
        if option("run:core") is None:
            measured.set_option("run:core", "sysmon")
    except coverage.CoverageException:
        return {"COVERAGE_CORE": "sysmon"}
    return {}
