"""The environment of the processes that this one starts."""

import os
import sys


def wrap(variables, concerns=lambda programs: True):
    """Have children started with these variables, also those with an environment of their own.

    `concerns` is asked with the names that the program may have, as bytes.
    """
    import _posixsubprocess

    plain, plain_spawn = _posixsubprocess.fork_exec, os.posix_spawn

    def fork_exec(*args):
        args = list(args)
        if not concerns(args[1]):
            return plain(*args)
        entries = args[5]
        if entries is None:
            entries = [name + b"=" + value for name, value in os.environb.items()]
        args[5] = _with(entries, variables)
        return plain(*args)

    def posix_spawn(path, argv, env, **options):
        env = os.environ if env is None else env
        if not concerns([os.fsencode(path)]):
            return plain_spawn(path, argv, env, **options)
        entries = [os.fsencode(name) + b"=" + os.fsencode(env[name]) for name in env]
        entries = _with(entries, variables)
        return plain_spawn(path, argv, dict(entry.split(b"=", 1) for entry in entries), **options)

    _posixsubprocess.fork_exec = fork_exec
    os.posix_spawn = posix_spawn
    subprocess = sys.modules.get("subprocess")
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = fork_exec


def _with(entries, variables):
    wanted = {os.fsencode(name): os.fsencode(value) for name, value in variables.items()}
    kept = []
    for entry in entries:
        name, _, value = entry.partition(b"=")
        if name == b"PYTHONPATH" and value:
            folders = [folder for folder in value.split(b":") if folder != wanted[name]]
            wanted[name] = b":".join([wanted[name], *folders])
        elif name not in wanted:
            kept.append(entry)
    return kept + [name + b"=" + value for name, value in wanted.items()]
