"""What a collection reads: files, listed folders, environment variables.

Whoever keeps the answer of a collection has to know when it would be another one.  Installed
distributions are known by their folders, so nothing below those is recorded, and neither is what
pytest and this harness look at for themselves.
"""

import _thread
import importlib.util
import os
import re
import sys
import sysconfig

# Of no say in a collection, or different each time they are looked at.
_VOLATILE = ("/dev/", "/proc/", "/sys/")
ASIDE = frozenset(("_pytest", "pluggy", "iniconfig", "fastest_harness"))
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# What these answer cannot be known again without asking.
_OUTSIDE = {
    "os.exec": "it runs another program",
    "os.fork": "it forks",
    "os.forkpty": "it forks",
    "os.posix_spawn": "it runs another program",
    "os.spawn": "it runs another program",
    "os.system": "it runs another program",
    "pty.spawn": "it runs another program",
    "socket.connect": "it uses the network",
    "socket.getaddrinfo": "it uses the network",
    "socket.gethostbyname": "it uses the network",
    "subprocess.Popen": "it runs another program",
}


# Programs that look at the project, the network or the clock, or run others that may.
_TELLING = re.compile(
    r"(ba|da|z|k|c|fi)?sh|busybox|env|sudo|date|cat|ls|find|git|hg|svn|make|cmake|ninja|node|npm|"
    r"npx|ruby|perl|java|go|cargo|curl|wget|ssh|docker|pip.*|pypy.*|python.*|uv|conda|bazel|buck2",
)


class Scope:
    """Which paths may be inputs."""

    def __init__(self, rootdir, own_folders):
        self._rootdir = os.path.join(rootdir, "")
        self._own = tuple(os.path.join(folder, "") for folder in own_folders)
        self._libraries = _library_folders()

    def is_input(self, path):
        """Whether a path belongs to neither Python, the installed distributions nor us."""
        if path.startswith(_VOLATILE) or path.startswith(self._own):
            return False
        for library in self._libraries:
            if f"{path}/".startswith(library) and not (
                self._rootdir.startswith(library) and path.startswith(self._rootdir)
            ):
                return False
        return True


class Recorder(Scope):
    """Records from `start` on; it cannot be stopped, as audit hooks cannot."""

    def __init__(self, rootdir, own_folders):
        super().__init__(rootdir, own_folders)
        self._busy = set()  # threads within the hook
        self.at_start = list(sys.path)
        self.files = {}
        self.folders = {}  # whether only pytest has listed it
        self.written = set()
        self.missing = {}  # paths at which modules were looked for in vain
        self.variables = {}
        self.set_variables = set()
        self.whole_environment = False
        self.opaque = None

    def start(self):
        """Begin to record."""
        self._seen = set(sys.modules)
        # The last finder is asked when no other one has found the module.
        sys.meta_path.append(self)
        sys.addaudithook(self._hook)
        for environ in (os.environ, getattr(os, "environb", None)):
            if environ is not None:
                _watch(environ, self)

    def find_spec(self, name, path=None, target=None):
        """Take note that nobody has found the module."""
        tail = name.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            place = os.path.abspath(os.path.join(str(folder), tail))
            if self.is_input(place):
                self.missing[place] = None
                self.missing[place + ".py"] = None

    # Audit events.

    def _hook(self, event, args):
        # Whatever goes wrong here must not be the program's problem, and nothing that happens
        # here is to be recorded.
        thread = _thread.get_ident()
        if event not in _EVENTS or thread in self._busy:
            return
        self._busy.add(thread)
        try:
            _EVENTS[event](self, event, args)
        except Exception:
            self.opaque = self.opaque or f"what it does cannot be followed ({event})"
        finally:
            self._busy.discard(thread)

    def _on_open(self, event, args):
        path, _, flags = args
        path = absolute(path)
        if path is None:
            return
        if flags & _WRITES:
            if path not in self.files:
                self.written.add(path)
        elif path not in self.written and path not in self.files:
            if is_memory(path):
                return
            if os.path.basename(os.path.dirname(path)) == "__pycache__":
                # Compiled code is as good as the source that it was made of.
                try:
                    path = importlib.util.source_from_cache(path)
                except (NotImplementedError, ValueError):
                    return
            if self.is_input(path):
                self.files[path] = None

    def _on_rename(self, event, args):
        path = absolute(args[1])
        if path is not None and path not in self.files:
            self.written.add(path)

    def _on_connect(self, event, args):
        path = absolute(args[0])
        if path is not None and self.is_input(path):
            self.files.setdefault(path)

    def _on_list(self, event, args):
        path = absolute("." if args[0] is None else args[0])
        if path is None or not self.is_input(path) or is_memory(path):
            return
        if self.folders.get(path, True):
            caller = caller_package()
            if caller != "importlib":
                self.folders[path] = caller in ASIDE

    def _on_outside(self, event, args):
        if event.startswith("socket.") and args and not isinstance(args[-1], (tuple, str)):
            return
        if self.opaque is None and _first_party(self):
            program = _program(args) if event == "subprocess.Popen" else None
            if program is None or program.startswith(self._rootdir):
                self.opaque = _OUTSIDE[event]
            else:
                self.files[program] = None

    # Environment variables.

    def on_variable(self, name):
        """The variable was read, or its absence was."""
        if name not in self.set_variables and name not in self.variables:
            caller = caller_package()
            if caller not in ASIDE:
                self.variables[name] = None

    def on_all_variables(self):
        """All variables were looked at."""
        if not self.whole_environment and caller_package() not in ASIDE:
            self.whole_environment = True

    # Results.

    def new_modules(self):
        """The files of the modules that were loaded since the last call."""
        names = set(sys.modules) - self._seen
        self._seen |= names
        found = {}
        for name in names:
            path = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(path, str):
                path = os.path.abspath(path)
                if self.is_input(path):
                    found[path] = None
                    if path not in self.written:
                        self.files.setdefault(path)
        return found

    def result(self, tree_matters):
        """All inputs, as the other side of the channel keeps them.

        ``tree_matters`` says whether hooks have a say in which files pytest collects, so that the
        folders that pytest lists are inputs too.
        """
        self._busy.add(_thread.get_ident())
        self.new_modules()
        folders = [
            path for path, by_pytest in self.folders.items() if tree_matters or not by_pytest
        ]
        return {
            "files": list(self.files),
            "folders": folders,
            "probes": list(self.missing),
            "variables": [name for name in self.variables if name not in self.set_variables],
            "all_variables": self.whole_environment,
            "opaque": self.opaque,
            "libraries": [path for path in self.at_start if os.path.isdir(path)],
        }


_EVENTS = {
    "open": Recorder._on_open,
    "os.link": Recorder._on_rename,
    "os.listdir": Recorder._on_list,
    "os.rename": Recorder._on_rename,
    "os.scandir": Recorder._on_list,
    "sqlite3.connect": Recorder._on_connect,
}
_EVENTS.update(dict.fromkeys(_OUTSIDE, Recorder._on_outside))


def absolute(path):
    """The absolute path that is meant; ``None`` for a descriptor."""
    if isinstance(path, int):
        return None
    try:
        return os.path.abspath(os.fsdecode(path))
    except (TypeError, ValueError):
        return None


def _program(popen):
    """The program that `subprocess` starts, if it is one that tells of the machine alone."""
    executable, _, cwd, env = popen
    if env is not None and "PATH" in env:
        return None
    name = os.fsdecode(executable)
    if _TELLING.fullmatch(os.path.basename(name)):
        return None
    if os.path.dirname(name):
        path = os.path.join(cwd or "", name)
        return os.path.abspath(path) if os.path.isfile(path) else None
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return os.path.abspath(path)
    return None


def _library_folders():
    import site

    folders = {
        sysconfig.get_path(name)
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if name in sysconfig.get_path_names()
    }
    # Of a virtual environment these are below another prefix.
    folders.add(os.path.dirname(os.__file__))
    folders.update(path for path in sys.path if path.endswith((".zip", "lib-dynload")))
    for find in ("getsitepackages", "getusersitepackages"):
        try:
            found = getattr(site, find)()
        except AttributeError:
            continue
        folders.update([found] if isinstance(found, str) else found)
    folders = {folder for folder in folders if folder}
    folders |= {os.path.realpath(folder) for folder in folders}
    return tuple(sorted(os.path.join(folder, "") for folder in folders))


def _is_standard(filename):
    return filename.startswith(("<frozen", _STANDARD)) and "-packages" not in filename


_STANDARD = os.path.join(os.path.dirname(os.__file__), "")


_OBSERVERS = (__file__, os.path.join(os.path.dirname(__file__), "inputs.py"))


def _callers():
    """The files of the frames outside of what records, the nearest first."""
    frame = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename not in _OBSERVERS:
            yield filename, frame
        frame = frame.f_back


def caller_package():
    """The package on whose behalf something happens; see `_caller_module`."""
    return _caller_module().partition(".")[0]


def _caller_module():
    """On whose behalf something happens: the module of the nearest code that is not Python's own.

    ``importlib`` when the import system does it to find a module.
    """
    for filename, frame in _callers():
        if filename.startswith("<frozen importlib") or "/importlib/" in filename:
            if frame.f_code.co_name in ("_fill_cache", "path_hook_for_FileFinder"):
                return "importlib"
            continue
        if not _is_standard(filename):
            return frame.f_globals.get("__name__") or ""
    return "fastest_harness"


def is_memory(path):
    """Whether a tool looks at what it remembers of earlier runs, which decides no test's id."""
    module = _caller_module()
    return module == "_pytest.cacheprovider" or (
        "/.hypothesis/" in path + "/" and module.partition(".")[0] == "hypothesis"
    )


def _first_party(recorder):
    """Whether code of the project is the nearest that is not Python's own."""
    for filename, _ in _callers():
        if not _is_standard(filename):
            return recorder.is_input(os.path.abspath(filename))
    return False


def _watch(environ, recorder):
    """Have a mapping of environment variables report what is read from it."""

    def decoded(name):
        return os.fsdecode(name) if isinstance(name, (str, bytes)) else None

    class Watched(type(environ)):
        def __getitem__(self, name):
            recorder.on_variable(decoded(name))
            return super().__getitem__(name)

        def __setitem__(self, name, value):
            recorder.set_variables.add(decoded(name))
            super().__setitem__(name, value)

        def __delitem__(self, name):
            recorder.set_variables.add(decoded(name))
            super().__delitem__(name)

        def __iter__(self):
            recorder.on_all_variables()
            return super().__iter__()

        def copy(self):
            recorder.on_all_variables()
            return super().copy()

    Watched.__name__ = Watched.__qualname__ = type(environ).__name__
    Watched.__module__ = type(environ).__module__
    environ.__class__ = Watched
