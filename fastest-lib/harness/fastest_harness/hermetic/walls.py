"""What the kernel does to close off a process: Linux, without privileges, by its system calls.

Landlock guards files, signals and sockets without an address in the network; namespaces give the
process a network with nothing but a loopback interface, and shared memory of its own.
"""

import os
import struct
import sys

_ADD_RULE, _RESTRICT_SELF, _CREATE_RULESET = 445, 446, 444
_VERSION = 1  # a flag of `_CREATE_RULESET`
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES = 0x20080522
_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_NETWORK = 0x20000, 0x8000000, 0x10000000, 0x40000000
_PRIVATE = 0x4000 | 0x40000  # with all mounts below
_NO_SUID_NOR_DEVICES = 2 | 4
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_SHARED_MEMORY = b"/dev/shm"
_EXIT_CLOSED = 42

_libc = None


def _system():
    """The C library; `ImportError` or `OSError` where it cannot be had."""
    global _libc
    if _libc is None:
        import ctypes

        _libc = ctypes.CDLL(None, use_errno=True)
    return _libc


def _call(function, *args):
    import ctypes

    result = function(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def probe():
    """What can be had here: the version of Landlock, a network and mounts of one's own."""
    found = {"landlock": 0, "network": False, "mounts": False}
    if not sys.platform.startswith("linux"):
        return found
    try:
        syscall = _system().syscall
    except (ImportError, OSError, AttributeError):
        return found
    found["landlock"] = max(0, syscall(_CREATE_RULESET, None, 0, _VERSION))
    both, network = _may_separate(True, True), False
    if not both:
        network = _may_separate(True, False)
    found["network"] = both or network
    found["mounts"] = both
    return found


def _may_separate(network, mounts):
    pid = os.fork()
    if pid == 0:
        try:
            _separate(network, mounts)
            os._exit(_EXIT_CLOSED)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == _EXIT_CLOSED


def separate(rules):
    """Give this process what is not shared with others: a network and memory of its own."""
    if rules["namespaces"] or rules["mounts"]:
        _separate(rules["namespaces"], rules["mounts"])


def close(rules, ruleset):
    """Close this process off, for good. Whatever fails here fails loudly: nothing is run then."""
    if rules["memory"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (rules["memory"], rules["memory"]))
    if ruleset is None:
        return
    if rules["mounts"]:
        _allow(ruleset, _SHARED_MEMORY, rules["landlock"])
    libc = _system()
    _call(libc.prctl, _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call(libc.syscall, _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _separate(network, mounts):
    libc = _system()
    flags = _NEW_NETWORK if network else 0
    if mounts:
        flags |= _NEW_MOUNTS | _NEW_IPC
    user, group = os.geteuid(), os.getegid()
    try:
        _call(libc.unshare, flags)
        is_privileged = True
    except PermissionError:
        _call(libc.unshare, flags | _NEW_USER)
        is_privileged = False
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    if network:
        _raise_loopback()
    if mounts:
        _call(libc.mount, b"none", b"/", None, _PRIVATE, None)
        _call(libc.mount, b"tmpfs", _SHARED_MEMORY, b"tmpfs", _NO_SUID_NOR_DEVICES, b"mode=1777")
    if user and not is_privileged:
        # What a namespace of one's own brings: files without permissions would be readable.
        header, none = struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)
        _call(libc.capset, header, none)


def _write(path, text):
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _raise_loopback():
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _GET_FLAGS, asked))
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def _allow(ruleset, path, version):
    """Allow everything below `path` that this version of Landlock would refuse, but for devices."""
    rights = (1 << 13) - 1
    rights &= ~(1 << 6 | 1 << 11)
    for right, since in ((13, 2), (14, 3), (16, 9)):
        if version >= since:
            rights |= 1 << right
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        _call(_system().syscall, _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
