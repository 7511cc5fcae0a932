"""A process for each test: ``--isolation test``.

The worker imports a file once and forks for each of its tests.  The child sets up all that its test
needs, tears down all of it, and reports over the worker's own channel, which waits meanwhile.  How
the child ended is how the worker ends, where that was not in order: what the dispatcher then does
is what it does for any worker.
"""

import atexit
import contextlib
import os
import sys

#: What a child may say of itself: its test has a result; its file was handed to pytest; the run
#: ends here.
RAN, HANDED, INTERRUPTED = 1, 2, 3


def in_child(channel, config, index, function):
    """Call `function` in a child of its own and give what it returns: one of the above."""
    # Not before it is needed: engines import this module, and have to be quick to import.
    from fastest_harness import stacks

    sys.stdout.flush()
    sys.stderr.flush()
    channel.lend()
    pid = os.fork()
    if pid == 0:
        _child(channel, config, index, function)
    stacks.ask_instead(pid)
    status = _wait(pid)
    stacks.ask_again()
    said = channel.take_back()
    if said == INTERRUPTED:
        return said
    if said and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        return said
    _end_alike(status)


def _child(channel, config, index, function):
    try:
        channel.borrow()
        atexit._clear()
        unit = config.get("enter_test")
        if unit is not None:
            unit(index)
        said = function()
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
        if config.get("measurement") is not None:
            config["measurement"].finish()
        channel.told(said)
        os._exit(0)
    except BaseException:
        import traceback

        # The worker ends as one whose engine failed.
        channel.send(["broken", traceback.format_exc()])
    finally:
        os._exit(3)


def _wait(pid):
    """Wait for a child; Ctrl-C is for its test."""
    import signal

    while True:
        try:
            _, status = os.waitpid(pid, 0)
            return status
        except KeyboardInterrupt:
            os.kill(pid, signal.SIGINT)


def _end_alike(status):
    import signal

    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        import faulthandler

        # The child has written its stacks already.
        faulthandler.disable()
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 3)
