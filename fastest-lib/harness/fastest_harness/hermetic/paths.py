"""Which paths a closed unit may use. Links are followed first: what counts is where they lead."""

import os

_lstat, _readlink, _realpath = os.lstat, os.readlink, os.path.realpath
_isdir, _exists, _isfile = os.path.isdir, os.path.exists, os.path.isfile


class Declared:
    """What a unit may read and write."""

    def __init__(self, rules, unit, rootdir):
        self.rootdir = rootdir
        self._root = os.path.join(rootdir, "")
        self._inputs = frozenset(unit["inputs"])
        self._real_inputs = None
        shared = rules["prefixes"]
        own = _within([unit["own"]])
        self._readable = (*shared["read"], *own)
        self._writable = (*shared["write"], *own)
        self._listed = tuple(shared["listed"])
        self._settled = tuple(shared["settled"])

    def may_read(self, path):
        """Whether the file may be read; true for what is not there."""
        path = absolute(path)
        if path is None:
            return True
        if path in self._inputs or self.is_settled(path):
            return True
        try:
            real = _realpath(path)
        except (OSError, ValueError):
            return True
        if self._is_readable(real):
            return True
        source = source_of(real)
        if source is not None and self._is_readable(source):
            return True
        return not _exists(real) or _isdir(real)

    def is_settled(self, path):
        """Whether the path is one of the interpreter or the system."""
        return is_settled(path, self._settled)

    def may_write(self, path):
        """Whether the file, which need not be there, may be written or removed."""
        path = absolute(path)
        if path is None:
            return True
        folder, name = os.path.split(path)
        if not _isdir(folder):
            # The attempt fails by itself.
            return True
        return self.may_change(os.path.join(_realpath(folder), name)) and (
            not os.path.islink(path) or self.may_change(_realpath(path))
        )

    def may_change(self, real):
        """The same, of a path without links."""
        return f"{real}/".startswith(self._writable)

    def may_list(self, path):
        """None if the folder may be listed, else what in it is not declared, or the folder."""
        path = absolute(path)
        if path is None:
            return None
        real = _realpath(path)
        if not _isdir(real) or f"{real}/".startswith((*self._readable, *self._writable)):
            return None
        if not f"{real}/".startswith(self._listed):
            return real
        try:
            names = os.listdir(real)
        except OSError:
            return None
        for name in sorted(names):
            if name in _PASSED_OVER or name.endswith(_COMPILED):
                continue
            below = os.path.join(real, name)
            if _isdir(below):
                prefix = os.path.join(below, "")
                # An input may be a link that leads out of the folder.
                known = (*self._inputs, *self._all_inputs())
                is_declared = any(path.startswith(prefix) for path in known)
            else:
                is_declared = self.may_read(below)
            if not is_declared:
                return below
        return None

    def is_listed(self, folder):
        """Whether the kernel lets a folder be listed; true for what is none."""
        path = absolute(folder or ".")
        if path is None or not _isdir(path):
            return True
        real = _realpath(path)
        return f"{real}/".startswith((*self._listed, *self._readable, *self._writable))

    def name(self, path):
        """How messages call a path: relative to the rootdir where it lies below it."""
        path = absolute(path) or str(path)
        real = _realpath(path)
        source = source_of(real)
        if source is not None:
            real = source
        return real[len(self._root) :] or "." if f"{real}/".startswith(self._root) else real

    def _is_readable(self, real):
        if real in self._inputs or real in self._all_inputs():
            return True
        slashed = f"{real}/"
        return slashed.startswith(self._readable) or slashed.startswith(self._writable)

    def _all_inputs(self):
        if self._real_inputs is None:
            self._real_inputs = frozenset(map(_realpath, self._inputs))
        return self._real_inputs


#: Names in folders that tell nothing.
_PASSED_OVER = frozenset(("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache"))
_COMPILED = (".pyc", ".pyo")


def is_settled(path, settled):
    """Whether the path lies below one of these, links aside: the kernel sees where they lead."""
    return path.startswith(settled) and "/../" not in path


def prefixes(rules):
    """What all units share, once for all of them."""
    read = _within(rules["read"])
    write = _within(rules["write"])
    if rules["mounts"]:
        write = (*write, "/dev/shm/")
    # Links of the first two lead to the files of processes, and of their descriptors.
    settled = tuple(path for path in read if not path.startswith(("/proc/", "/dev/")))
    return {"read": read, "write": write, "listed": _within(rules["listed"]), "settled": settled}


def _within(paths):
    """Prefixes of what is below these paths, and of what they are, with a slash behind."""
    both = {*paths, *map(_realpath, paths)}
    return tuple(sorted(os.path.join(path, "") for path in both))


def absolute(path, folder=None):
    """The path as an absolute one; None for a descriptor, and for what names no file."""
    if isinstance(path, int):
        return None
    try:
        path = os.fsdecode(path)
    except TypeError:
        return None
    if not path or "\0" in path:
        return None
    if not path.startswith("/"):
        try:
            path = os.path.join(folder or os.getcwd(), path)
        except OSError:
            return None
    return path


def source_of(path):
    """The source of a file of compiled code; None for any other file."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != "__pycache__":
        return None
    return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")
