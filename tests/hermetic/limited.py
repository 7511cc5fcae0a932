"""Starts a program on a system that lacks something: its system calls are refused, or the privileges of
the first user are gone.

The first argument names what is missing, with commas between; the others are the program.
"""

import ctypes
import os
import struct
import sys

_ERROR, _ALLOW = 0x50000, 0x7FFF0000
_IS_ARM = os.uname().machine == "aarch64"
#: What is missing -> the number of its system call, and the error that it gives.
_CALLS = {
    "landlock": (444, 38),
    "namespaces": (97 if _IS_ARM else 272, 1),
    "mounts": (40 if _IS_ARM else 165, 1),
}
_SET_SECURITY, _NO_ROOT = 28, 1 | 2
_CAPABILITIES = 0x20080522


def _filter(missing):
    """A program for the kernel that looks at the number of each system call."""
    code = struct.pack("HBBI", 0x20, 0, 0, 0)
    for number, error in (_CALLS[name] for name in missing):
        code += struct.pack("HBBI", 0x15, 0, 1, number)
        code += struct.pack("HBBI", 0x06, 0, 0, _ERROR | error)
    return code + struct.pack("HBBI", 0x06, 0, 0, _ALLOW)


libc = ctypes.CDLL(None, use_errno=True)
missing = sys.argv[1].split(",")
if "privileges" in missing:
    missing.remove("privileges")
    header, none = struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)
    if os.geteuid() == 0 and (
        libc.prctl(_SET_SECURITY, _NO_ROOT, 0, 0, 0) or libc.capset(header, none)
    ):
        raise OSError(ctypes.get_errno(), "the privileges stay")
code = _filter(missing)
held = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program)):
    raise OSError(ctypes.get_errno(), "no filter of system calls")
os.execv(sys.argv[2], sys.argv[2:])
