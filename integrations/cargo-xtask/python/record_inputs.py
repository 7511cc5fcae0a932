"""Which files a Python process and its Python children execute and read, by an audit hook.

`cargo xtask soundness` puts this module into the site-packages of an environment of its own and has
a `.pth` file import it, so that every interpreter of that environment runs it at its start, with
whatever arguments and environment a test starts it.  While the file `soundness-log` lies beside it,
which holds the path of the log, each process appends a line to the log for each new file:
``["exec", path]`` or ``["read", path]``, with absolute paths.

It shares nothing with the recorder of fastest's harness: it is what that one is judged by.
"""

import json
import os
import sys
from _thread import get_ident

# Bound here, because tests replace what these modules hold.
_open, _write, _close, _getcwd = os.open, os.write, os.close, os.getcwd
_fsdecode, _fspath, _normpath, _dumps = os.fsdecode, os.fspath, os.path.normpath, json.dumps
_WRITE_ONLY, _READ_WRITE, _TRUNCATE, _EXCLUSIVE = os.O_WRONLY, os.O_RDWR, os.O_TRUNC, os.O_EXCL
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class Recorder:
    """Writes at once: a process may end in any way, and a fork has what it inherits to itself."""

    def __init__(self, log):
        self._log = log
        self._seen = set()
        self._written = set()
        self._busy = set()

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

    def _note(self, kind, path, folder=None):
        path = _absolute(path, folder)
        if path is None or (kind, path) in self._seen:
            return
        self._seen.add((kind, path))
        if kind == "read" and path in self._written:
            return
        # One write of a few bytes to the end of a file is not torn by those of others.
        descriptor = _open(self._log, _APPEND, 0o666)
        try:
            line = _dumps([kind, path], ensure_ascii=False) + "\n"
            _write(descriptor, line.encode("utf-8", "replace"))
        finally:
            _close(descriptor)

    def on_exec(self, args):
        filename = getattr(args[0], "co_filename", None)
        if filename and not filename.startswith("<"):
            self._note("exec", filename)

    def on_script(self, args):
        self._note("exec", args[0])

    def on_open(self, args):
        path, _, flags = args
        if flags & (_TRUNCATE | _EXCLUSIVE):
            self.on_made((None, path))
        elif not flags & _WRITE_ONLY or flags & _READ_WRITE:
            self._note("read", path)

    def on_made(self, args):
        path = _absolute(args[1], None)
        if path is not None and ("read", path) not in self._seen:
            self._written.add(path)

    def on_read(self, args):
        self._note("read", args[0])

    def on_extension(self, args):
        if args[1] is not None:
            self._note("exec", args[1])

    def on_program(self, args):
        self._note("read", args[0], args[2] if len(args) == 4 else None)


_EVENTS = {
    "cpython.run_file": Recorder.on_script,
    "ctypes.dlopen": Recorder.on_read,
    "exec": Recorder.on_exec,
    "import": Recorder.on_extension,
    "open": Recorder.on_open,
    "os.exec": Recorder.on_program,
    "os.link": Recorder.on_made,
    "os.posix_spawn": Recorder.on_program,
    "os.rename": Recorder.on_made,
    "sqlite3.connect": Recorder.on_read,
    "subprocess.Popen": Recorder.on_program,
}


def _absolute(path, folder):
    if path is None or isinstance(path, int):
        return None
    path = _fsdecode(_fspath(path))
    if not path.startswith("/"):
        folder = _getcwd() if folder is None else _fsdecode(_fspath(folder))
        path = f"{folder}/{path}"
    return _normpath(path)


def _start():
    try:
        switch = os.path.join(os.path.dirname(__file__), "soundness-log")
        with open(switch, encoding="utf-8") as file:
            log = file.read()
    except OSError:
        return
    sys.addaudithook(Recorder(log).hook)


_start()
