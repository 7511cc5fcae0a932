"""A forked process: a worker, which does files until there are none left, or a collector."""

import atexit
import contextlib
import os
import socket
import sys
from functools import partial

from fastest_harness import stacks
from fastest_harness.channel import Channel, Disconnected


def main(message, init, sock_fd, shared_fd):
    """Run the engine that ``message`` names, then end this process."""
    channel = Channel(socket.socket(fileno=sock_fd), shared_fd, init["maxfail"])
    stacks.start(channel, shared_fd)
    status = 0
    try:
        os.chdir(init["invocation_dir"])
        try:
            config = dict(init, worker=message["worker"], engine=message["engine"])
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
