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
from _pytest.doctest import DoctestTextfile

from fastest_harness import forking, limits, stacks, terminal
from fastest_harness.coverage_plugins import coverage_plugins
from fastest_harness.junit import JUnitSink, properties
from fastest_harness.longrepr import import_failure, longrepr_of
from fastest_harness.parts import Part, is_named
from fastest_harness.recursion import unlimited_by_tests
from fastest_harness.session_items import SessionItems, Undisturbed

# The plugins that would write what they saw of this worker's files over what others saw, and those
# that order or leave out files by it.
CACHE_PLUGINS = (
    "lfplugin",
    "lfplugin-collwrapper",
    "nfplugin",
    "stepwiseplugin",
    "stepwisexdistplugin",
)

# Options in addopts that are the dispatcher's: pytest-xdist's distribution, the JUnit report, and
# what a session does to the cache, which other workers use at the same time.
NOT_OURS = {
    "numprocesses": None,
    "dist": "no",
    "tx": [],
    "looponfail": False,
    "xmlpath": None,
    "cacheclear": False,
}


def run(config, channel, plugins=()):
    """Run one pytest session over the files of ``channel``, extended by our ``plugins``."""
    pytest_args, first = config["pytest_args"], None
    if config.get("alone"):
        # The session is about one file: no conftest is loaded for the others.
        first = channel.next_files()
        if not first:
            return
        if not any(request.get("candidate") for request in first):
            options = pytest_args[: pytest_args.index("--") + 1]
            pytest_args = [*options, *(request["abspath"] for request in first)]
    plugin = FileServer(config, channel, first)
    served = [plugin]
    if plugins:
        from fastest_harness.bridge import Bridge

        served.append(Bridge(plugins))
    # First, because the arguments end with paths.
    more = config.get("more_args", ())
    args = ["--color=no", "--basetemp", config["basetemp"], *more, *pytest_args]
    os.makedirs(os.path.dirname(config["basetemp"]), exist_ok=True)
    os.environ["PYTEST_VERSION"] = pytest.__version__
    try:
        served[:0] = coverage_plugins(config)
        session_config = pytest_config._prepareconfig(args, served)
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
    plugin.install_junit(session_config)
    if config.get("timeout") is not None and hasattr(session_config.option, "timeout"):
        session_config.option.timeout = config["timeout"]
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
        self._planned = {}  # path -> request, of all files of the run
        self._handed = {}  # path -> the items that were handed out to run
        self._ahead = {}  # path -> items that run and all items, collected before their turn
        self._knows_all = False
        self._batch = []
        self._requests = {}  # node id's path -> request
        self._other_parts = {}  # path -> collected items that another request is about
        self._queue = []
        self._places = {}  # item -> (seq, index)
        self._left = {}  # seq -> number of items still to run
        self._current = None
        self._item = None
        self._plugins = ()  # those that concern the item
        self._reports = []
        family = config.get("junit_family")
        self._junit = JUnitSink(family, channel) if family is not None else None
        self._limits_time = False
        self._limited = False
        self._debugging = None  # whether the debugger that was entered has a terminal

    def install_junit(self, session_config):
        """Have the session tell what a JUnit report is to say, if there will be one."""
        if self._junit is not None:
            self._junit.install(session_config)
            # pytest unregisters it in the end.
            session_config.pluginmanager.register(self._junit)

    # Collection.

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        self._session = session
        # pytest has set both up for itself.
        stacks.catch_crashes()
        self._channel.captured_in(*_captured_in(session.config))
        if session.config.pluginmanager.hasplugin("timeout"):
            # pytest-timeout keeps the time, and knows what all of its options mean.
            self._channel.limit(0)
        else:
            self._limits_time = True
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
        session.items = SessionItems(self._all_items)

    def _expand(self, session):
        self._hear_plan()
        for request in self._batch:
            self._requests[request["path"]] = request
        new = [request for request in self._batch if request["abspath"] not in self._ahead]
        items, kept, before = self._decide(session, new, self._channel.loading)
        decided = {request["seq"]: pair for request, *pair in zip(new, kept, before)}
        for request in self._batch:
            if request["seq"] not in decided:
                decided[request["seq"]] = pair = self._take_ahead(request)
                items.extend(pair[0])
        if not self._knows_all:
            session.testscollected += len(items)
        for request in self._batch:
            self._announce(request, *decided[request["seq"]])
        self._queue = items

    def _announce(self, request, kept, before):
        """Say which items of a request run, and how many of those `before` do not."""
        seq, path, part = request["seq"], request["abspath"], Part.of(request)
        self._handed[path] = [*self._handed.get(path, ()), *kept]
        self._places.update((item, (seq, at)) for at, item in enumerate(kept))
        chosen = set(kept)
        dropped = [item for item in before if item not in chosen]
        if part is not None:
            dropped = [item for item in dropped if part.counts(item.nodeid)]
        self._channel.collected(seq, [item.nodeid for item in kept], len(dropped))
        self._left[seq] = len(kept)
        if not kept:
            self._channel.done(seq)

    def _take_ahead(self, request):
        """Of a file that was collected before its turn: the items that run, and those before."""
        path, ids, part = request["abspath"], request["ids"], Part.of(request)
        kept, before = (
            [item for item in some if is_named(item.nodeid, ids)] for some in self._ahead[path]
        )
        if part is None or not part.leaves_others:
            del self._ahead[path]
        if part is not None:
            kept = part.of_items(kept)
            before = [item for item in before if part.shows(item.nodeid)]
        return kept, before

    def _decide(self, session, requests, on_file=None):
        """Collect files and have hooks say which of their items run.

        Gives these in order, and for each request those of them that it is about, and what it was
        about before.
        """
        config = session.config
        items, origin = [], {}
        parts = [Part.of(request) for request in requests]
        before = [[] for _ in requests]
        for at, request in enumerate(requests):
            if on_file is not None:
                on_file(request["seq"])
            for item in self._items_of(session, request, parts[at]):
                if parts[at] is None or parts[at].shows(item.nodeid):
                    origin[item] = at
                    before[at].append(item)
                    items.append(item)
        kept = [[] for _ in requests]
        if not requests:
            return items, kept, before

        def is_kept(item):
            part = parts[origin[item]] if item in origin else None
            return part is None or part.keeps(item.nodeid)

        # Hooks are told of these alone; what reads the list later, of all.
        all_items, session.items = session.items, items
        try:
            config.pluginmanager.check_pending()
            config.hook.pytest_collection_modifyitems(session=session, config=config, items=items)
            items[:] = [item for item in items if is_kept(item)]
            config.hook.pytest_collection_finish(session=session)
        finally:
            session.items = all_items
        for item in items:
            kept[origin.get(item, 0)].append(item)
        return items, kept, before

    def _hear_plan(self):
        """Import what the run is about, and say what else pytest's tree has."""
        imports = self._channel.take_imports()
        if not imports:
            return
        self._planned = {request["abspath"]: request for request in imports}
        unlisted = [
            [path, nodes[0].nodeid]
            for path, nodes in self._files.items()
            if path not in self._planned and any(map(_may_hold_tests, nodes))
        ]
        if unlisted:
            self._channel.send(["unlisted", unlisted])
        for request in imports:
            if self._channel.should_stop():
                return
            if not request.get("candidate"):
                self._channel.loading(request["seq"])
                for node in self._files.get(request["abspath"], ()):
                    self._import(node)

    def _all_items(self):
        """The items of the whole session, because a test asks for them."""
        session = self._session
        paths = [path for path in self._files if path not in self._handed]
        ahead = [{"abspath": path, "ids": self._planned.get(path, {}).get("ids")} for path in paths]
        with Undisturbed(session.config):
            _, kept, before = self._decide(session, ahead)
        self._ahead.update(zip(paths, zip(kept, before)))
        found = {**self._handed, **dict(zip(paths, kept))}
        for path, others in self._other_parts.items():
            found[path] = [*found.get(path, ()), *others]
        items = [item for path in self._files for item in found[path]]
        session.testscollected = len(items)
        self._knows_all = True
        return items

    def _items_of(self, session, request, part):
        """The items that a request is about, and all of its file that hooks have to see."""
        path = request["abspath"]
        items = self._other_parts.pop(path, None)
        if items is None:
            nodes = self._files.get(path, ())
            items = [item for node in nodes for item in session.genitems(node)]
        if part is not None and part.leaves_others:
            self._other_parts[path] = [item for item in items if not part.keeps(item.nodeid)]
        return [item for item in items if is_named(item.nodeid, request["ids"])]

    @staticmethod
    def _import(node):
        if isinstance(node, pytest.Module):
            try:
                node.obj  # noqa: B018 - pytest imports the module when it is asked for it
            except KeyboardInterrupt:
                raise
            except BaseException:
                # Whoever collects the file will meet this again, and report it; unless the module
                # stays where pytest looks first, as it does with `--import-mode=importlib`.
                path = str(node.path)
                for name, module in list(sys.modules.items()):
                    if getattr(module, "__file__", None) == path:
                        del sys.modules[name]

    def _items(self, session):
        while True:
            if self._channel.should_stop():
                return
            requests = self._first or self._channel.next_files()
            self._first = None
            if not requests:
                return
            for self._batch in _batches(requests):
                with unlimited_by_tests():
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
            if self._config.get("fork_tests"):
                if not self._run_forked(session, item):
                    break
                item = nextitem
                continue
            self._current = self._places.pop(item)
            self._plugins = getattr(item, "taken_by", ())
            self._item = item
            self._reports = []
            self._channel.starting(*self._current)
            if self._limits_time:
                self._limit(item)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            except BaseException:
                self._channel.cut_short(*self._current, self._reports)
                raise
            finally:
                self._leave_debugger()
            self._finish(item)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
            item = nextitem
        return True

    def _run_forked(self, session, item):
        """Run an item in a process of its own; whether to go on."""
        seq, index = self._places.pop(item)

        def run():
            self._current = seq, index
            self._plugins = getattr(item, "taken_by", ())
            self._item = item
            self._reports = []
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            except (KeyboardInterrupt, pytest.exit.Exception):
                self._channel.cut_short(seq, index, self._reports)
                self.pytest_keyboard_interrupt(pytest.ExceptionInfo.from_current())
                return forking.INTERRUPTED
            finally:
                self._leave_debugger()
            self._tell(item)
            return forking.RAN

        self._channel.starting(seq, index)
        if self._limits_time:
            self._limit(item)
        if forking.in_child(self._channel, self._config, index, run) == forking.INTERRUPTED:
            session.shouldstop = "interrupted"
            return False
        self._count(seq)
        return True

    def _limit(self, item):
        try:
            seconds = limits.seconds(item)
        except ValueError:
            # Without pytest-timeout a mark is only a label.
            seconds = None
        if seconds is not None or self._limited:
            self._limited = seconds is not None
            self._channel.limit(seconds)

    @pytest.hookimpl(tryfirst=True)
    def pytest_enter_pdb(self):
        # pytest gives standard input back before this and captures it again after each command
        # that goes on.
        if self._debugging is None:
            self._debugging = self._channel.debugger()
            self._limited = self._limits_time = True
            self._channel.limit(0)
        if self._debugging:
            terminal.take()

    def _leave_debugger(self):
        if self._debugging is not None:
            if self._debugging:
                terminal.give_back(self._config["terminal"], os.getpgrp())
            self._debugging = None
            self._channel.debugged()

    def _finish(self, item):
        seq, _ = self._current
        self._tell(item)
        self._count(seq)

    def _tell(self, item):
        seq, index = self._current
        self._current = None
        if self._junit is not None and self._reports:
            self._reports[-1].update(self._junit.extras(item))
        self._channel.result(seq, index, self._compact(self._reports))

    def _count(self, seq):
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
        if report.user_properties and (report.when == "teardown" or report.failed):
            family = self._config.get("junit_family")
            entry["properties"] = properties(report.user_properties, family)
        if getattr(report, "context", None) is not None:
            # pytest's own report of a subtest, or that of the plugin that came before it.
            for name in ("_sub_test_description", "sub_test_description"):
                if hasattr(report, name):
                    entry["subtest"] = getattr(report, name)()
                    break
        for plugin in self._plugins:
            plugin.report(self._item, entry)
        self._reports.append(entry)

    # Everything else that is worth saying.

    def pytest_collectreport(self, report):
        if not report.nodeid and self._session is not None:
            # A file that only hooks may collect was asked for, and holds nothing.
            missing = self._session._notfound
            missing[:] = [entry for entry in missing if not _is_no_module(entry[0])]
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


def _captured_in(config):
    """The descriptors of the files that pytest captures output in; 0 where it does not."""
    capture = config.pluginmanager.getplugin("capturemanager")._global_capturing
    descriptors = []
    for stream in (capture.out, capture.err):
        try:
            descriptors.append(stream.tmpfile.fileno())
        except (AttributeError, OSError):
            descriptors.append(0)
    return descriptors


def _may_hold_tests(node):
    # The others of pytest's own were looked at without Python.
    return type(node) is not DoctestTextfile


def _is_no_module(path):
    return os.path.isfile(path) and not path.endswith(".py")
