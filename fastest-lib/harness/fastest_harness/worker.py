"""A forked process: a worker, which does files until there are none left, or a collector."""

import atexit
import contextlib
import os
import socket
import sys
from functools import partial

from fastest_harness import stacks
from fastest_harness.channel import Channel, Disconnected


class Prepared:
    """What native workers are forked with where each is to do one file: an engine without any."""

    def __init__(self, init):
        from fastest_harness.native import NativeEngine

        self.config = dict(init, engine="native")
        self.channel = Channel(init["maxfail"])
        engine = NativeEngine(self.config, self.channel)
        engine.prepare()
        self.run = engine.run


def prepare(init):
    """Do once what each native worker would do first; `None` if others have a say in that."""
    from fastest_harness.native import needs_host

    names = ("coverage", "record_inputs", "fastest_plugins", "plugins_installed")
    if any(init.get(name) for name in names) or needs_host(init):
        return None
    if any(os.path.exists(os.path.join(path, "_pytest")) for path in init["pythonpath"]):
        # Which pytest there is depends on a `sys.path` that closed units alone have.
        return None
    try:
        return Prepared(init)
    except BaseException:
        # Each worker meets the same, and says so.
        return None


def main(message, init, sock_fd, shared_fd, prepared=None):
    """Run the engine that ``message`` names, then end this process."""
    if prepared is not None and message["engine"] == "native":
        config, channel = prepared.config, prepared.channel
    else:
        config, channel = dict(init, engine=message["engine"]), Channel(init["maxfail"])
        prepared = None
    channel.connect(socket.socket(fileno=sock_fd), shared_fd)
    stacks.start(channel, shared_fd)
    status = 0
    try:
        os.chdir(init["invocation_dir"])
        try:
            config["worker"] = message["worker"]
            config["basetemp"] = os.path.join(init["basetemp"], "w{}".format(message["worker"]))
            if config.get("alone"):
                channel.ask_once()
            if config.get("hermetic"):
                from fastest_harness import hermetic

                hermetic.enter(config, channel)
            if config.get("record_inputs"):
                from fastest_harness import inputs

                inputs.start(config)
            measurement = _measure(config)
            plugins = _plugins(config, channel)
            if plugins is None:
                engine = _nothing
            elif prepared is not None:
                engine = prepared.run
            elif message["engine"] == "native":
                from fastest_harness.native import engine_for

                engine = engine_for(config, channel, plugins).run
            else:
                from fastest_harness import pytest_engine

                engine = partial(pytest_engine.run, config, channel, plugins)
            try:
                engine()
            finally:
                if measurement is not None:
                    measurement.finish()
                channel.finish()
        except KeyboardInterrupt:
            channel.send(["interrupted", "KeyboardInterrupt", None])
            channel.send(["bye"])
        except Disconnected:
            raise
        except BaseException:
            import traceback

            channel.send(["broken", traceback.format_exc()])
            status = 3
        else:
            channel.send(["bye"])
        channel.flush()
    except Disconnected:
        os._exit(1)
    _end(status)


def _plugins(config, channel):
    """The plugins of this worker; None if one cannot be made, which was said then."""
    from fastest_harness import plugin

    names = [*config.get("fastest_plugins", ()), *config.get("plugins_installed", ())]
    try:
        return plugin.load(dict.fromkeys(names))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        channel.send(["usage", f"a plugin of Fastest cannot be loaded: {reason}"])
        return None


def _nothing():
    pass


def _measure(config):
    """Begin to measure coverage, if asked to, before anything of the project is imported."""
    config["measurement"] = None
    if config.get("coverage"):
        from fastest_harness.coverage_run import Measurement

        config["measurement"] = Measurement(config["coverage"])
        config["measurement"].start()
    return config["measurement"]


def collect(init, sock_fd):
    """Collect for discovery, then end this process."""
    from fastest_harness import collect

    try:
        os.chdir(init["invocation_dir"])
        collect.main(init, socket.socket(fileno=sock_fd))
    except (Disconnected, ConnectionError):
        os._exit(1)
    _end(0)


def _end(status):
    # Threads that tests left behind must not keep the process: run what an interpreter runs at
    # its end, except for joining them.
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(status)
