"""The fork server.

It imports once what workers share, then forks a worker for each request.  It never runs a test
itself.  Its control socket is file descriptor 0; the dispatcher's death closes it.
"""

import _signal
import contextlib
import gc
import json
import os
import select
import socket
import sys

from fastest_harness.channel import Disconnected, read_exactly, read_frame, write_frame

# Descriptors of our own live above what programs usually open, close or redirect.
HIGH_FD = 100


def main(early=None):
    """Serve until the dispatcher is gone.

    `early` is JSON of what to import before the dispatcher knows what it wants.
    """
    control = _take_control_socket()
    paths = None
    if early is not None:
        early = json.loads(early)
        paths = early["pythonpath"]
        _begin_path_with(paths)
        _preload(early["modules"])
    init = read_frame(control)
    if sys.implementation.name != "cpython" or sys.version_info < (3, 9):
        # Said before anything that an old Python does not have.
        write_frame(control, _refusal())
        return
    lifeline = _receive_fds(control, 1)[0]
    _die_with_dispatcher(lifeline)
    workers = {}
    if init.get("hermetic"):
        _close_all_but({0, 1, 2, control.fileno(), lifeline})
    elif paths is None:
        # In a hermetic run nothing of the project may be imported for all.
        _begin_path_with(init["pythonpath"])
    write_frame(control, _hello(init))
    try:
        _serve(control, init, lifeline, workers)
    except (Disconnected, ConnectionError):
        pass
    finally:
        # Whatever is left has nobody to report to.
        for pid in workers:
            _kill_group(pid)
        os.killpg(0, _signal.SIGKILL)


def _begin_path_with(paths):
    for path in reversed(paths):
        sys.path.insert(0, path)


def _take_control_socket():
    import fcntl

    fd = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return socket.socket(fileno=fd)


def _receive_fds(control, count):
    """Receive descriptors that the dispatcher sends along with one byte."""
    _, fds, _, _ = socket.recv_fds(control, 1, count)
    if len(fds) != count:
        raise Disconnected
    return [_raised(fd) for fd in fds]


def _raised(fd):
    """The same descriptor with a high number."""
    import fcntl

    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
    os.close(fd)
    return high


def _die_with_dispatcher(lifeline):
    """Have the kernel kill this process group when the write end of ``lifeline`` closes.

    The dispatcher holds that end and never writes to it, so only its death, however it came
    about, can close it.  Linux can turn this into a signal; elsewhere the end of the control
    socket does it as soon as the fork server notices.
    """
    import fcntl

    if not hasattr(fcntl, "F_SETSIG"):
        return
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, int(_signal.SIGKILL))
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def _close_all_but(kept):
    """Close descriptors that whoever started the dispatcher has left open."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            found = [int(name) for name in os.listdir(folder)]
        except OSError:
            continue
        for descriptor in found:
            if descriptor not in kept:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        return


def _lead_own_group(lifeline):
    """Put this worker into a process group of its own, which also ends with the dispatcher.

    What a test does to its process group then concerns its own worker alone.
    """
    os.setpgid(0, 0)
    try:
        # Opened anew, because the owner of signals belongs to what is shared by duplicates.
        fd = os.open(f"/proc/self/fd/{lifeline}", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    own = _raised(fd)
    _die_with_dispatcher(own)
    if select.select([lifeline], [], [], 0)[0]:
        # It closed before anybody could be told.
        os._exit(1)
    os.close(lifeline)


def _kill_group(pid):
    """Kill what a worker's tests left behind in its process group."""
    try:
        os.killpg(pid, _signal.SIGKILL)
    except OSError:
        return


def _version():
    return ".".join(map(str, sys.version_info[:3]))


def _refusal():
    this = f"{sys.implementation.name} {_version()}"
    return {
        "type": "ready",
        "python": _version(),
        "pytest": None,
        "plugins": [],
        "problem": f"Fastest needs CPython 3.9 or later, this is {this}",
    }


def _hello(init):
    pytest_version, plugins, own = installed_pytest([*init["pythonpath"], *sys.path])
    init["plugins"] = plugins
    init["plugins_installed"] = own
    return {
        "type": "ready",
        "python": _version(),
        "executable": sys.executable,
        "pytest": pytest_version,
        "plugins": plugins,
        "problem": _prepare_coverage(init),
        "closing": _closing(init),
    }


def _closing(init):
    if not init.get("hermetic"):
        return None
    from fastest_harness import hermetic

    return hermetic.closing()


def _prepare_coverage(init):
    if not init.get("coverage"):
        return None
    from fastest_harness import coverage_run

    return coverage_run.prepare(init)


def installed_pytest(paths):
    """The installed pytest's version, the distributions that plug into it, and plugins of ours.

    The latter are entry points of the group `fastest`, as "module:Class".

    ``importlib.metadata`` answers the same, at ten times the cost of a start.
    """
    version = None
    plugins = []
    own = []
    seen = set()
    for path in paths:
        try:
            names = sorted(os.listdir(path or "."))
        except OSError:
            continue
        for name in names:
            stem, dot, kind = name.rpartition(".")
            if kind not in ("dist-info", "egg-info"):
                continue
            distribution = stem.split("-")[0].lower().replace("_", "-")
            if distribution in seen:
                continue
            seen.add(distribution)
            if distribution == "pytest" and version is None:
                version = stem.split("-")[1] if "-" in stem else None
                continue
            try:
                with open(
                    os.path.join(path, name, "entry_points.txt"), encoding="utf-8", errors="replace"
                ) as file:
                    text = file.read()
            except OSError:
                continue
            if "[pytest11]" in text:
                plugins.append(distribution)
            if "[fastest]" in text:
                own.extend(_entry_points(text, "fastest"))
    return version, plugins, own


def _entry_points(text, group):
    import configparser

    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    return [value.strip() for _, value in sorted(parser.items(group))]


def _serve(control, init, lifeline, workers):
    if init.get("hermetic"):
        from fastest_harness import hermetic
    read_wakeup, write_wakeup = os.pipe()
    for fd in (read_wakeup, write_wakeup):
        os.set_blocking(fd, False)
    _signal.set_wakeup_fd(write_wakeup, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, _ignore)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    prepared = None
    while True:
        ready, _, _ = select.select([control, read_wakeup], [], [])
        if read_wakeup in ready:
            os.read(read_wakeup, 4096)
            _reap(control, init, workers)
        if control not in ready:
            continue
        message = read_frame(control)
        kind = message["type"]
        if kind == "preload":
            _preload(message["modules"])
        elif kind == "prepare":
            from fastest_harness import worker

            prepared = worker.prepare(init)
            gc.collect()
            gc.freeze()
        elif kind == "close":
            init["rules"] = message["rules"]
            hermetic.prepare(init["rules"])
        elif kind in ("fork", "collect"):
            fds = _receive_fds(control, 2 if kind == "fork" else 1)
            sys.stdout.flush()
            sys.stderr.flush()
            if kind == "fork" and init.get("hermetic"):
                hermetic.note_modules(init["rules"])
            pid = os.fork()
            if pid == 0:
                _signal.set_wakeup_fd(-1)
                _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
                _signal.signal(_signal.SIGINT, _signal.default_int_handler)
                for fd in (control.detach(), read_wakeup, write_wakeup):
                    os.close(fd)
                from fastest_harness import worker

                if kind == "fork":
                    _lead_own_group(lifeline)
                    worker.main(message, init, *fds, prepared)
                else:
                    worker.collect(init, *fds)
                os._exit(0)
            for fd in fds:
                os.close(fd)
            if kind == "fork":
                with contextlib.suppress(OSError):
                    # The worker does the same; whoever is first.
                    os.setpgid(pid, pid)
            workers[pid] = message["worker"]
            write_frame(control, {"type": "forked", "worker": message["worker"], "pid": pid})


def _ignore(signum, frame):
    """Python only writes to the wakeup descriptor for signals that have a handler."""


def _reap(control, init, workers):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        except ChildProcessError:
            return
        if pid == 0:
            return
        worker = workers.get(pid)
        if worker is None:
            continue
        if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
            kind = "stopped" if os.WIFSTOPPED(status) else "resumed"
            write_frame(control, {"type": kind, "worker": worker})
            continue
        del workers[pid]
        _kill_group(pid)
        if init.get("terminal") is not None:
            # It may have died within a debugger.
            from fastest_harness import terminal

            terminal.give_back(init["terminal"], pid)
        signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        write_frame(control, {"type": "exited", "worker": worker, "code": code, "signal": signal})


def _preload(modules):
    """Import what several workers are going to need, and share its memory with them."""
    import importlib

    dont_write_bytecode = sys.dont_write_bytecode
    thresholds = gc.get_threshold()
    # What modules define stays.
    gc.set_threshold(0)
    for name in modules:
        if name.startswith("fastest_harness."):
            sys.dont_write_bytecode = False
        try:
            importlib.import_module(name)
        except BaseException:
            # The files that need it will say why it cannot be imported.
            continue
        finally:
            sys.dont_write_bytecode = dont_write_bytecode
    if gc.get_threshold()[0] == 0:
        # None of the modules has set others.
        gc.set_threshold(*thresholds)
    gc.collect()
    gc.freeze()


__all__ = ["installed_pytest", "main", "read_exactly"]
