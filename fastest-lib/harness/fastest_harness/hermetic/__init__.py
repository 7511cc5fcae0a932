"""A worker as a closed unit: ``fastest run --hermetic``.

Each test file has a worker of its own then.  What it may use was decided by the dispatcher; here
the process is made such that it can use nothing else, before anything of the project is imported:

* `walls` has the kernel close it off, as far as the system can do that;
* `watch` sees with an audit hook what code tries to use, and names what was not declared;
* `verdict` makes failures of what was seen, also where the code under test has swallowed the error.

`paths` knows what is declared, `words` how to say it.
"""

import os
import sys

_HARNESS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def closing():
    """What the dispatcher has to know of this interpreter and of the kernel."""
    from fastest_harness.hermetic import child, verdict, walls  # noqa: F401 - for all workers

    folders = {_HARNESS, os.path.dirname(os.path.abspath(os.__file__))}
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        if prefix not in ("/", "/usr"):
            folders.add(prefix)
    for executable in (sys.executable, os.path.realpath(sys.executable)):
        folders.add(os.path.dirname(executable))
    ours = ("site-packages", "dist-packages", "lib-dynload")
    search_path = [path for path in sys.path if os.path.isabs(path)]
    for path in search_path:
        if os.path.basename(path) in ours or path.endswith(".zip"):
            folders.add(path)
    return {"folders": sorted(folders), "search_path": search_path, **walls.probe()}


def prepare(rules):
    """Work out once what all units share."""
    from fastest_harness.hermetic import paths

    rules["prefixes"] = paths.prefixes(rules)


def note_modules(rules):
    """Look in the fork server for modules that no unit may find there unless it declares them."""
    from fastest_harness.hermetic.paths import is_settled

    # To look at each in every unit would copy its memory.
    if rules.get("known_modules") == len(sys.modules):
        return
    settled = tuple(rules["prefixes"]["settled"])
    rules["known_modules"] = len(sys.modules)
    rules["foreign_modules"] = foreign = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and not is_settled(path, settled):
            foreign.append((name, path))


def enter(config, channel):
    """Close this process off for the one file that it is given; changes ``config`` to fit."""
    from fastest_harness.hermetic import child, walls
    from fastest_harness.hermetic.paths import Declared
    from fastest_harness.hermetic.verdict import judge
    from fastest_harness.hermetic.watch import Watch

    rules = config["rules"]
    # This takes the kernel some time, and is the same for all.
    walls.separate(rules)
    requests = channel.fetch()
    if not requests:
        return
    unit = channel.unit
    own = unit["own"]
    temporary = os.path.join(own, "tmp")
    os.environ.update({"HOME": os.path.join(own, "home"), "TMPDIR": temporary})
    config["basetemp"] = os.path.join(temporary, "pytest")
    cache = os.path.join(temporary, "pytest-cache")
    config["settings"]["cache_dir"] = cache
    config["more_args"] = ["-o", f"cache_dir={cache}"]
    for path in reversed(config["pythonpath"]):
        sys.path.insert(0, path)
    # A cache of its own: what it holds was written before any code of the project ran.
    config["cache_dir"] = os.path.join(config["cache_dir"], "closed")
    if config["engine"] == "native":
        _compile(requests, config)
    declared = Declared(rules, unit, config["rootdir"])
    _forget_undeclared(rules, declared)
    log = os.path.join(own, "undeclared")
    watch = Watch(declared, rules, unit, log)
    child.pass_on(rules, unit, config["rootdir"], log)
    walls.close(rules, channel.take_ruleset() if unit["walled"] else None)
    watch.start()
    judge(channel, watch)
    config["enter_test"] = lambda index: _enter_test(own, watch, index)


def _enter_test(own, watch, index):
    """Give a test with a process of its own also folders of its own."""
    watch.belong_here()
    for name, variable in (("home", "HOME"), ("tmp", "TMPDIR")):
        folder = os.path.join(own, f"t{index}", name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        tempfile = sys.modules.get("tempfile")
        if tempfile is not None and tempfile.tempdir == os.environ.get(variable):
            tempfile.tempdir = None
        os.environ[variable] = folder


def _compile(requests, config):
    from fastest_harness import rewrite
    from fastest_harness.native.versions import find_pytest

    version = find_pytest()
    if version.installed:
        for request in requests:
            paths = [path for path in request["conftests"] if path.endswith(".py")]
            rewrite.prepare([*paths, request["abspath"]], config, version)


def _forget_undeclared(rules, declared):
    """Have modules of the project that the fork server has imported be imported by this file."""
    for name, path in rules["foreign_modules"]:
        if not declared.may_read(path):
            del sys.modules[name]
