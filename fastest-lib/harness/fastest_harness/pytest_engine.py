"""The pytest engine: one real pytest session a worker, which is handed its files one by one.

The session is pytest's own from configuration to ``pytest_sessionfinish``; only two hooks are
answered here instead of by ``_pytest.main``:

* ``pytest_collection`` first collects the tree down to its files, without importing any, so that
  every ignore rule, conftest and collector plugin has its say; each further call expands the files
  of one request into items.
* ``pytest_runtestloop`` runs the items as they come.  It asks for the next files before it runs
  the last item at hand, so that fixtures that the next item still needs stay alive.
"""

import os
import sys

import pytest
from _pytest import config as pytest_config
from _pytest import nodes

from fastest_harness.longrepr import import_failure, longrepr_of
from fastest_harness.parts import Part

# The plugins that would write what they saw of this worker's files over what others saw, and those
# that order or leave out files by it.
CACHE_PLUGINS = (
    "lfplugin",
    "lfplugin-collwrapper",
    "nfplugin",
    "stepwiseplugin",
    "stepwisexdistplugin",
)

# Options in addopts that are the dispatcher's: pytest-xdist's distribution, and what a session does
# to the cache, which other workers use at the same time.
NOT_OURS = {
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "looponfail": False,
    "cacheclear": False,
}


def run(config, channel):
    """Run one pytest session over the files that ``channel`` hands out."""
    pytest_args, first = config["pytest_args"], None
    if config.get("alone"):
        # The session is about one file: no conftest is loaded for the others.
        first = channel.next_files()
        if not first:
            return
        options = pytest_args[: pytest_args.index("--") + 1]
        pytest_args = [*options, *(request["abspath"] for request in first)]
    plugin = FileServer(config, channel, first)
    # First, because the arguments end with paths.
    args = ["--basetemp", config["basetemp"], *pytest_args]
    if "pytest-cov" in config["plugins"]:
        # Sessions side by side would overwrite each other's data.
        args.insert(0, "--no-cov")
    os.makedirs(os.path.dirname(config["basetemp"]), exist_ok=True)
    os.environ["PYTEST_VERSION"] = pytest.__version__
    try:
        session_config = pytest_config._prepareconfig(args, [plugin])
    except pytest_config.ConftestImportFailure as failure:
        # Its constructor is not the same in all releases, what it is raised from is.
        cause = failure.__cause__ or failure
        shown = import_failure(cause)
        channel.send(["usage", f"ImportError while loading conftest '{failure.path}'.\n{shown}"])
        return
    except pytest.UsageError as error:
        channel.send(["usage", "\n".join(str(arg) for arg in error.args)])
        return
    except SystemExit:
        channel.send(["usage", "pytest did not accept its options: {}".format(" ".join(args))])
        return
    for name, value in NOT_OURS.items():
        if hasattr(session_config.option, name):
            setattr(session_config.option, name, value)
    try:
        session_config.hook.pytest_cmdline_main(config=session_config)
    except pytest.UsageError as error:
        channel.send(["usage", "\n".join(str(arg) for arg in error.args)])
    finally:
        session_config._ensure_unconfigure()


class FileServer:
    """The plugin that feeds a session and reports what becomes of each item."""

    def __init__(self, config, channel, first=None):
        self._config = config
        self._channel = channel
        self._first = first  # files that were handed out before there was a session
        self._session = None
        self._files = None  # path -> its file collectors
        self._batch = []
        self._requests = {}  # node id's path -> request
        self._other_parts = {}  # path -> collected items that another request is about
        self._queue = []
        self._places = {}  # item -> (seq, index)
        self._left = {}  # seq -> number of items still to run
        self._current = None
        self._reports = []

    # Collection.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        self._session = session
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._tw._file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        for name in CACHE_PLUGINS:
            plugin = session.config.pluginmanager.getplugin(name)
            if plugin is not None:
                session.config.pluginmanager.unregister(plugin)

    @pytest.hookimpl
    def pytest_collection(self, session):
        if self._files is None:
            self._files = {}
            self._index_tree(session)
        else:
            self._expand(session)
        return True

    def _index_tree(self, session):
        args = []
        for arg in session.config.args:
            path = arg.split("::")[0]
            if path not in args:
                args.append(path)

        def index(node):
            if isinstance(node, nodes.Directory):
                report, duplicate = session._collect_one_node(node)
                if report.passed:
                    for child in report.result:
                        yield from index(child)
                if not duplicate:
                    node.ihook.pytest_collectreport(report=report)
            else:
                self._files.setdefault(str(node.path), []).append(node)

        session.genitems = index
        try:
            session.perform_collect(args)
        finally:
            del session.genitems

    def _expand(self, session):
        config = session.config
        items = []
        origin = {}
        parts = {}
        for request in self._channel.take_imports():
            if self._channel.should_stop():
                break
            self._channel.loading(request["seq"])
            for node in self._files.get(request["abspath"], ()):
                self._import(node)
        for request in self._batch:
            self._requests[request["path"]] = request
            self._channel.loading(request["seq"])
            parts[request["seq"]] = part = Part.of(request)
            for item in self._items_of(session, request, part):
                if part is None or part.shows(item.nodeid):
                    origin[item] = request["seq"]
                    items.append(item)
        before = dict(origin)
        session.items = items
        config.pluginmanager.check_pending()
        config.hook.pytest_collection_modifyitems(session=session, config=config, items=items)

        def part_of(item):
            return parts.get(origin.get(item))

        items[:] = [i for i in items if part_of(i) is None or part_of(i).keeps(i.nodeid)]
        config.hook.pytest_collection_finish(session=session)
        session.testscollected += len(items)
        ids = {request["seq"]: [] for request in self._batch}
        fallback = self._batch[0]["seq"]
        for item in items:
            seq = origin.get(item, fallback)
            self._places[item] = (seq, len(ids[seq]))
            ids[seq].append(item.nodeid)
        kept = set(items)
        for seq, names in ids.items():
            part = parts[seq]
            dropped = sum(
                1
                for item, at in before.items()
                if at == seq and item not in kept and (part is None or part.counts(item.nodeid))
            )
            self._channel.collected(seq, names, dropped)
            self._left[seq] = len(names)
            if not names:
                self._channel.done(seq)
        self._queue = items

    def _items_of(self, session, request, part):
        """The items that a request is about, and all of its file that hooks have to see."""
        path = request["abspath"]
        items = self._other_parts.pop(path, None)
        if items is None:
            nodes = self._files.pop(path, ())
            items = [item for node in nodes for item in session.genitems(node)]
        if part is not None and part.leaves_others:
            self._other_parts[path] = [item for item in items if not part.keeps(item.nodeid)]
        return [item for item in items if _wanted(item.nodeid, request["ids"])]

    @staticmethod
    def _import(node):
        if isinstance(node, pytest.Module):
            try:
                node.obj  # noqa: B018 - pytest imports the module when it is asked for it
            except KeyboardInterrupt:
                raise
            except BaseException:
                # Whoever collects the file will meet this again, and report it.
                return

    def _items(self, session):
        while True:
            if self._channel.should_stop():
                return
            requests = self._first or self._channel.next_files()
            self._first = None
            if not requests:
                return
            for self._batch in _batches(requests):
                session.config.hook.pytest_collection(session=session)
                yield from self._queue

    # Running.

    @pytest.hookimpl
    def pytest_runtestloop(self, session):
        items = self._items(session)
        item = next(items, None)
        while item is not None:
            nextitem = next(items, None)
            if self._channel.should_stop():
                break
            self._current = self._places.pop(item)
            self._reports = []
            self._channel.starting(*self._current)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            self._finish()
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = nextitem
        return True

    def _finish(self):
        seq, index = self._current
        self._current = None
        self._channel.result(seq, index, self._compact(self._reports))
        self._left[seq] -= 1
        if not self._left[seq]:
            self._channel.done(seq)

    @staticmethod
    def _compact(reports):
        if [sorted(report) for report in reports] == [["duration", "outcome", "when"]] * 3 and all(
            report["outcome"] == "passed" for report in reports
        ):
            return [report["duration"] for report in reports]
        return reports

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if self._current is None:
            return
        entry = {
            "when": report.when,
            "outcome": report.outcome,
            "duration": getattr(report, "duration", 0.0),
        }
        if hasattr(report, "wasxfail"):
            entry["wasxfail"] = str(report.wasxfail)
        if report.longrepr is not None:
            entry["longrepr"] = longrepr_of(report)
        if report.sections:
            entry["sections"] = [[title, text] for title, text in report.sections]
        if report.user_properties and report.when == "teardown":
            entry["properties"] = [[str(name), value] for name, value in report.user_properties]
        context = getattr(report, "context", None)
        if context is not None and hasattr(report, "sub_test_description"):
            entry["subtest"] = report.sub_test_description()
        self._reports.append(entry)

    # Everything else that is worth saying.

    def pytest_collectreport(self, report):
        if report.outcome == "passed":
            return
        path = report.nodeid.split("::")[0]
        request = self._requests.get(path)
        self._channel.collect_report(
            request["seq"] if request else None,
            report.outcome,
            longrepr_of(report),
            [[title, text] for title, text in report.sections],
            report.nodeid,
        )

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        self._channel.warning(
            None,
            {
                "category": warning_message.category.__name__,
                "message": str(warning_message.message),
                "path": warning_message.filename,
                "line": warning_message.lineno,
                "when": when,
                "nodeid": nodeid,
            },
        )

    def pytest_internalerror(self, excrepr):
        self._channel.send(["error", str(excrepr)])

    def pytest_keyboard_interrupt(self, excinfo):
        if isinstance(excinfo.value, pytest.exit.Exception):
            self._channel.send(["interrupted", excinfo.exconly(), excinfo.value.returncode])
        else:
            self._channel.send(["interrupted", "KeyboardInterrupt", None])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        # Output of plugins at the very end is theirs to show; pytest's own summary is not wanted.
        sys.stdout.flush()


def _batches(requests):
    """The requests to expand together: two parts of a file must not be."""
    whole = [request for request in requests if request.get("part") is None]
    if len(whole) == len(requests):
        return [whole]
    return [[request] for request in requests]


def _wanted(nodeid, ids):
    if ids is None:
        return True
    return any(
        nodeid == wanted or nodeid.startswith((wanted + "[", wanted + "::")) for wanted in ids
    )
