"""What the tests of one file execute, read, list and start: ``fastest run --record-inputs``.

Each test file has a worker of its own then, forked from a fork server that has imported nothing for
it, so that whatever is executed in the worker and its children is executed for this file.  Every
process writes one JSON line for each new observation to the worker's log, at once: a process may
end in any way, and the order of the lines tells what tests have made before they read it.

    ["exec", path]  code of the file ran        ["open", path]  it was opened for reading
    ["list", path]  the folder was listed       ["run", name]   the program was started
    ["made", path]  it was created or emptied

What pytest and this harness read for themselves is left out.  Children are found by the folder
`children` on their ``PYTHONPATH``; a Python that ignores that variable is not seen, and neither is
what other programs read.
"""

import json
import os
import sys
from _thread import get_ident

from fastest_harness import spawning
from fastest_harness.recorder import ASIDE, Scope, absolute, caller_package, is_memory

VARIABLE = "FASTEST_RECORD_INPUTS"
_CHILDREN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "children")

# Bound here, because tests replace what these modules hold.
_open, _write, _close = os.open, os.write, os.close
_isfile, _isdir, _lexists = os.path.isfile, os.path.isdir, os.path.lexists
_to_json = json.JSONEncoder(ensure_ascii=False).encode
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def start(config):
    """Record this worker from now on, and what has been imported before it was forked."""
    folder = os.path.dirname(os.path.abspath(__file__))
    own = [os.path.dirname(folder), config["cache_dir"], os.path.dirname(config["basetemp"])]
    log = os.path.join(config["record_inputs"], "w{}.jsonl".format(config["worker"]))
    own.append(config["record_inputs"])
    settings = {"log": log, "rootdir": config["rootdir"], "own": own}
    recorder = Inputs(**settings)
    recorder.record_modules()
    _pass_on(json.dumps(settings))
    sys.addaudithook(recorder.hook)


def join(text):
    """Record this process, which a recorded one has started."""
    sys.addaudithook(Inputs(**json.loads(text)).hook)
    spawning.wrap(_variables(text))


class Inputs(Scope):
    """The observations of one process; a fork goes on with those of its parent."""

    def __init__(self, log, rootdir, own):
        prefix = os.path.join(sys.prefix, "")
        if not rootdir.startswith(prefix):
            own = [*own, prefix]
        super().__init__(rootdir, own)
        self._log = log
        self._seen = set()
        self._busy = set()  # threads within the hook

    def record_modules(self):
        """Take note of everything that is imported."""
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str):
                self._note("exec", path)

    def hook(self, event, args):
        """Take note of one audit event, without an effect on the program."""
        take = _EVENTS.get(event)
        thread = get_ident()
        if take is None or thread in self._busy:
            return
        self._busy.add(thread)
        try:
            take(self, args)
        except Exception:
            # A path that cannot be read as one names no file.
            return
        finally:
            self._busy.discard(thread)

    def _note(self, kind, path):
        path = absolute(path)
        if path is None:
            return
        folder, name = os.path.split(path)
        if name == "__pycache__":
            # The folder of compiled code.
            return
        if os.path.basename(folder) == "__pycache__":
            if kind == "made":
                return
            # Compiled code is as good as the source that it was made of.
            path = os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")
        if (kind, path) in self._seen:
            return
        if kind in ("exec", "open") and not _isfile(path):
            # It may be made later; of code it is a name without a meaning, or in an archive.
            return
        if kind == "open" and (caller_package() in ASIDE or is_memory(path)):
            return
        self._seen.add((kind, path))
        if self.is_input(path):
            self._say(kind, path)

    def _say(self, kind, text):
        # One write of a few bytes to the end of a file is not torn by those of others.
        descriptor = _open(self._log, _APPEND, 0o600)
        try:
            _write(descriptor, (_to_json([kind, text]) + "\n").encode("utf-8", "replace"))
        finally:
            _close(descriptor)

    def on_exec(self, args):
        filename = getattr(args[0], "co_filename", None)
        if filename and not filename.startswith("<"):
            self._note("exec", filename)

    def on_script(self, args):
        self._note("exec", args[0])

    def on_extension(self, args):
        if args[1] is not None:
            self._note("exec", args[1])

    def on_open(self, args):
        path, _, flags = args
        if flags & _WRITES and (flags & os.O_TRUNC or not _lexists(path)):
            # A nameless temporary file is opened by the name of its folder.
            if not _isdir(path):
                self._note("made", path)
        elif not flags & os.O_WRONLY:
            self._note("open", path)

    def on_connect(self, args):
        self._note("open" if _isfile(args[0]) else "made", args[0])

    def on_make(self, args):
        if not _lexists(args[0]):
            self._note("made", args[0])

    def on_move(self, args):
        self._note("made", args[1])

    def on_list(self, args):
        if caller_package() not in ASIDE and caller_package() != "importlib":
            self._note("list", "." if args[0] is None else args[0])

    def on_program(self, args):
        self._program(args[0], args[2] if len(args) == 4 else None)

    def on_spawn(self, args):
        self._program(args[1], None)

    def on_shell(self, args):
        self._program("/bin/sh", None)

    def _program(self, name, cwd):
        if caller_package() in ASIDE:
            return
        name = os.fsdecode(name)
        if "/" in name:
            name = os.path.abspath(os.path.join(os.fsdecode(cwd or ""), name))
            if name.startswith(self._rootdir):
                self._note("open", name)
        if ("run", name) not in self._seen:
            self._seen.add(("run", name))
            self._say("run", name)


_EVENTS = {
    "cpython.run_file": Inputs.on_script,
    "exec": Inputs.on_exec,
    "import": Inputs.on_extension,
    "open": Inputs.on_open,
    "os.exec": Inputs.on_program,
    "os.link": Inputs.on_move,
    "os.listdir": Inputs.on_list,
    "os.mkdir": Inputs.on_make,
    "os.posix_spawn": Inputs.on_program,
    "os.rename": Inputs.on_move,
    "os.scandir": Inputs.on_list,
    "os.spawn": Inputs.on_spawn,
    "os.symlink": Inputs.on_move,
    "os.system": Inputs.on_shell,
    "sqlite3.connect": Inputs.on_connect,
    "subprocess.Popen": Inputs.on_program,
}


# Children.


def _variables(settings):
    return {VARIABLE: settings, "PYTHONPATH": _CHILDREN}


def _pass_on(settings):
    """Have every Python that this process starts record itself."""
    old = os.environ.get("PYTHONPATH")
    os.environ.update(_variables(settings))
    if old:
        os.environ["PYTHONPATH"] += os.pathsep + old
    spawning.wrap(_variables(settings))
