"""Sees what code tries to use that was not declared, with an audit hook.

The hook refuses such an access as the kernel would, where the kernel does not.  Attempts that fail
by themselves, such as one to read a file that is not there, are nobody's business.  Children write
what they see to a file of the unit.
"""

import errno
import os
import re
import sys
from _thread import get_ident

from fastest_harness.hermetic.paths import absolute
from fastest_harness.hermetic.words import Words

# Bound here, because tests replace what these modules hold.
_open, _close, _read, _write = os.open, os.close, os.read, os.write
_readlink, _getpid, _stat = os.readlink, os.getpid, os.stat
_isfile, _isdir, _exists, _lexists = os.path.isfile, os.path.isdir, os.path.exists, os.path.lexists
_kill = os.kill
_frame = sys._getframe
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROCESS = re.compile(
    r"/proc/(\d+)/(?:(?:fd|root|cwd|map_files|ns)/?.*|exe|mem|environ|auxv|(?:s?maps|pagemap).*)"
)
_HARNESS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_STANDARD = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_METADATA = os.path.join(_STANDARD, "importlib", "metadata")
_LOCAL_HOSTS = frozenset(("", "localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0"))
_NOWHERE = (".localhost", ".invalid")


class Watch:
    """The eyes of one unit."""

    def __init__(self, declared, rules, unit, log):
        self._declared = declared
        self._words = Words(rules["declaration"], declared.rootdir)
        self._is_open = rules["network"] != "loopback"
        self._walled = unit["walled"]
        self._log = log
        self._log_read = 0
        self._lines = []
        self._said = set()
        self._busy = set()  # threads within the hook
        self._folders = {}  # on `sys.path`: whether Python can list them
        self._process = _getpid()

    def start(self):
        """Look from now on; it cannot be stopped, as audit hooks cannot."""
        self._process = _getpid()
        sys.addaudithook(self._hook)

    def take(self):
        """The lines about what was seen since the last call."""
        if self._process != _getpid():
            return []
        lines, self._lines = self._lines, []
        self._said.clear()
        thread = get_ident()
        self._busy.add(thread)
        try:
            lines.extend(self._take_log())
        finally:
            self._busy.discard(thread)
        return list(dict.fromkeys(lines))

    def belong_here(self):
        """Take a process that was forked from the one that began to look for the unit's own."""
        self._process = _getpid()

    def belong_to_unit(self):
        """Take this process for one that the unit has started."""
        self._process = None

    def _take_log(self):
        try:
            size = _stat(self._log).st_size
        except OSError:
            return []
        if size <= self._log_read:
            return []
        with open(self._log, encoding="utf-8", errors="replace") as file:
            file.seek(self._log_read)
            text = file.read()
        self._log_read = size
        return text.splitlines()

    def _hook(self, event, args):
        check = _CHECKS.get(event)
        if check is None:
            return
        thread = get_ident()
        if thread in self._busy:
            return
        self._busy.add(thread)
        try:
            refusal = check(self, args)
        except Exception:
            # What cannot be understood, such as a path that is none, fails by itself.
            return
        finally:
            self._busy.discard(thread)
        if refusal is not None:
            raise refusal

    def _undeclared(self, kind, what, detail=""):
        key = (kind, what)
        if key in self._said:
            return
        self._said.add(key)
        line = self._words.line(kind, what, self._place(), detail).replace("\n", "\\n")
        if _getpid() == self._process:
            self._lines.append(line)
            return
        descriptor = _open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, (line + "\n").encode("utf-8", "replace"))
        finally:
            _close(descriptor)

    def _place(self):
        """The nearest line of the project that led here, else of any code that is not Python's."""
        frame, other = _frame(1), None
        root = os.path.join(self._declared.rootdir, "")
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith(root) and not _is_installed(filename):
                return f"{filename[len(root) :]}:{frame.f_lineno}"
            if other is None and not filename.startswith(("<", _STANDARD, _HARNESS)):
                other = f"{filename}:{frame.f_lineno}"
            frame = frame.f_back
        return other

    # Files.

    def _on_open(self, args):
        path, mode, flags = args
        path = absolute(path)
        if path is None or (mode is None and self._is_relative_to_folder(args[0])):
            return None
        if flags & _WRITES:
            return self._writes(path)
        return self._reads(path)

    def _is_relative_to_folder(self, path):
        """Whether a path given to `os.open` may be relative to a folder that nobody tells of."""
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path.startswith("/"):
            return False
        frame = _frame(3)
        return frame is not None and frame.f_code.co_filename.startswith((_STANDARD, "<frozen"))

    def _reads(self, path, kind="read"):
        if self._declared.may_read(path):
            return self._looks_into_process(path)
        if kind == "read" and self._is_import(path):
            kind = "import"
        self._undeclared(kind, self._declared.name(path))
        return None if self._walled else _denied(path)

    def _looks_into_process(self, path):
        found = _PROCESS.fullmatch(path) if path.startswith("/proc/") else None
        if found is None or not self._walled:
            return None
        try:
            # The kernel keeps signals back from those that are not of this unit.
            _kill(int(found[1]), 0)
        except PermissionError:
            self._undeclared("read", path)
            return _denied(path)
        except OSError:
            pass
        return None

    def _writes(self, path, always=False, kind="write"):
        if self._declared.may_write(path):
            return None
        self._undeclared(kind, self._declared.name(path))
        return None if self._walled and not always else _denied(path)

    def _is_import(self, path):
        if not path.endswith((".py", ".pyc", ".so")):
            return False
        frame = _frame(3)
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<frozen importlib"):
                return True
            if not filename.startswith(_HARNESS):
                return False
            frame = frame.f_back
        return False

    def _on_import(self, args):
        name, filename, search_path = args[:3]
        if filename is not None:
            # A compiled module is loaded.
            return self._reads(absolute(filename), "import")
        for folder in search_path or ():
            is_listed = self._folders.get(folder)
            if is_listed is None:
                is_listed = self._folders[folder] = self._declared.is_listed(folder)
            if not is_listed:
                # Python cannot list it, and finds nothing there.
                self._find_undeclared(folder, name.partition(".")[0])
        return None

    def _find_undeclared(self, folder, name):
        for tail in (f"{name}.py", os.path.join(name, "__init__.py")):
            path = absolute(os.path.join(folder, tail))
            if path is not None and not self._declared.may_read(path):
                self._undeclared("import", self._declared.name(path))

    def _on_library(self, args):
        name = args[0]
        if isinstance(name, (str, bytes)) and b"/" in os.fsencode(name):
            return self._reads(absolute(name))
        return None

    def _on_database(self, args):
        path = os.fsdecode(args[0])
        if path.startswith("file:"):
            path = path[5:].partition("?")[0]
            if path.startswith("///"):
                path = path[2:]
        path = None if path in ("", ":memory:") else absolute(path)
        if path is None:
            return None
        return self._reads(path) if _isfile(path) else self._writes(path)

    def _on_list(self, args):
        path = "." if args[0] is None else args[0]
        if isinstance(path, int) or self._is_machinery():
            return None
        undeclared = self._declared.may_list(path)
        if undeclared is not None:
            what, folder = self._declared.name(undeclared), self._declared.name(path)
            self._undeclared("list", what, f" in the folder {folder}" if what != folder else "")
        return None

    def _is_machinery(self):
        """Whether Python looks for a module or distribution, or pytest for tests."""
        frame = _frame(3)
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith(("<frozen importlib", _METADATA)):
                return True
            if not filename.startswith((_STANDARD, "<")) or _is_installed(filename):
                ours = ("/_pytest/", "/pkg_resources/", "/importlib_metadata/")
                return filename.startswith(_HARNESS) or any(name in filename for name in ours)
            frame = frame.f_back
        return True

    def _changes(self, path, folder, always=False, kind="write"):
        if isinstance(path, int):
            return None
        base = _readlink(f"/proc/self/fd/{folder}") if folder >= 0 else None
        path = absolute(path, base)
        return None if path is None else self._writes(path, always, kind)

    def _on_make(self, args):
        path, _, folder = args
        base = _readlink(f"/proc/self/fd/{folder}") if folder >= 0 else None
        if _lexists(absolute(path, base)):
            # The attempt fails by itself.
            return None
        return self._changes(path, folder, kind="make")

    def _on_removal(self, args):
        path, folder = args
        base = _readlink(f"/proc/self/fd/{folder}") if folder >= 0 else None
        return self._changes(path, folder) if _lexists(absolute(path, base)) else None

    def _on_mode(self, args):
        # The kernel would let it pass, as it would the next ones.
        return self._changes(args[0], args[2], True)

    def _on_owner_or_times(self, args):
        return self._changes(args[0], args[3], True)

    def _on_truncation(self, args):
        path = args[0]
        return None if isinstance(path, int) or not _exists(path) else self._changes(path, -1)

    def _on_move(self, args):
        source, target, source_folder, target_folder = args
        base = _readlink(f"/proc/self/fd/{source_folder}") if source_folder >= 0 else None
        if not _lexists(absolute(source, base)):
            return None
        refused = self._changes(source, source_folder)
        return refused or self._changes(target, target_folder)

    def _on_hard_link(self, args):
        source, target, source_folder, target_folder = args
        base = _readlink(f"/proc/self/fd/{source_folder}") if source_folder >= 0 else None
        return self._reads(absolute(source, base)) or self._changes(target, target_folder)

    def _on_symbolic_link(self, args):
        return self._changes(args[1], args[2])

    def _on_attribute(self, args):
        return self._changes(args[0], -1, True)

    # Programs and processes.

    def _on_program(self, args):
        name = os.fsdecode(args[0])
        if "/" not in name:
            return None
        cwd = args[2] if len(args) == 4 else None
        path = absolute(name, None if cwd is None else os.fsdecode(cwd))
        return self._reads(path, "run")

    def _on_spawn(self, args):
        return self._on_program((args[1],))

    def _on_signal(self, args):
        return self._signals(args[0], str(args[0]))

    def _on_group_signal(self, args):
        return self._signals(-args[0], f"the group {args[0]}")

    def _signals(self, process, said):
        try:
            _kill(process, 0)
        except PermissionError as error:
            self._undeclared("signal", f"the process {said}")
            return error
        except OSError:
            return None
        return None

    # Connections.

    def _on_connect(self, args):
        opened, address = args
        if isinstance(address, (str, bytes)):
            return self._connects_locally(os.fsencode(address))
        if self._is_open or not isinstance(address, tuple):
            return None
        if not address or not isinstance(address[0], str) or _is_local(address[0]):
            return None
        port = f":{address[1]}" if len(address) > 1 else ""
        self._undeclared("connect", f"{address[0]}{port}")
        return OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def _connects_locally(self, name):
        if name.startswith(b"\0"):
            shown = "@" + name[1:].decode("utf-8", "replace")
            if self._is_open or _is_abstract_name(shown):
                return None
            self._undeclared("connect", shown)
            return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        path = absolute(name)
        if path is None or not _exists(path) or self._declared.may_write(path):
            return None
        self._undeclared("connect", self._declared.name(path))
        return _denied(path)

    def _on_lookup(self, args):
        host = args[0]
        if self._is_open or host is None:
            return None
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("idna", "replace")
        if not isinstance(host, str) or _is_local(host) or _is_numeric(host):
            return None
        import socket

        if host == socket.gethostname():
            return None
        self._undeclared("lookup", host)
        number = socket.EAI_AGAIN
        return socket.gaierror(number, "Temporary failure in name resolution")


def _denied(path):
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def _is_installed(filename):
    return "/site-packages/" in filename or "/dist-packages/" in filename


def _is_local(host):
    host = host.lower().partition("%")[0]
    return (
        host in _LOCAL_HOSTS
        or host.endswith(_NOWHERE)
        or (host.startswith("127.") and _is_numeric(host))
        or (":" in host and host.strip("0:") in ("", "1"))
        or host.startswith("::ffff:127.")
    )


def _is_numeric(host):
    return ":" in host or host.replace(".", "").isdigit()


def _is_abstract_name(shown):
    """Whether a socket of that name was bound in this network."""
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
            return any(line.rstrip("\n").endswith(f" {shown}") for line in file)
    except OSError:
        return True


_CHECKS = {
    "ctypes.dlopen": Watch._on_library,
    "import": Watch._on_import,
    "open": Watch._on_open,
    "os.chmod": Watch._on_mode,
    "os.chown": Watch._on_owner_or_times,
    "os.exec": Watch._on_program,
    "os.kill": Watch._on_signal,
    "os.killpg": Watch._on_group_signal,
    "os.link": Watch._on_hard_link,
    "os.listdir": Watch._on_list,
    "os.mkdir": Watch._on_make,
    "os.posix_spawn": Watch._on_program,
    "os.remove": Watch._on_removal,
    "os.removexattr": Watch._on_attribute,
    "os.rename": Watch._on_move,
    "os.rmdir": Watch._on_removal,
    "os.scandir": Watch._on_list,
    "os.setxattr": Watch._on_attribute,
    "os.spawn": Watch._on_spawn,
    "os.symlink": Watch._on_symbolic_link,
    "os.truncate": Watch._on_truncation,
    "os.utime": Watch._on_owner_or_times,
    "socket.connect": Watch._on_connect,
    "socket.getaddrinfo": Watch._on_lookup,
    "socket.gethostbyname": Watch._on_lookup,
    "socket.sendmsg": Watch._on_connect,
    "socket.sendto": Watch._on_connect,
    "sqlite3.connect": Watch._on_database,
    "subprocess.Popen": Watch._on_program,
}
