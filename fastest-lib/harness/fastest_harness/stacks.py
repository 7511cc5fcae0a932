"""Stacks of all threads, written when this process hangs or crashes.

They go to the file that is shared with the dispatcher, where they outlive the process.
"""

import faulthandler
import os
import signal

from fastest_harness.channel import STACKS

_file = None


def start(channel, shared_fd):
    """Have stacks written to ``shared_fd``, which is kept open for that."""
    global _file
    os.lseek(shared_fd, STACKS, os.SEEK_SET)
    _file = shared_fd
    catch_crashes()
    _register()
    channel.stacks_in(shared_fd)


def _register():
    # A signal that nobody sends to Python programs, and that does no harm where it is not handled.
    faulthandler.register(signal.SIGURG, file=_file, all_threads=True)


def ask_instead(pid):
    """Have another process asked for its stacks, until `ask_again`."""
    faulthandler.unregister(signal.SIGURG)
    signal.signal(signal.SIGURG, lambda *_: os.kill(pid, signal.SIGURG))


def ask_again():
    """Have this process write its stacks."""
    signal.signal(signal.SIGURG, signal.SIG_DFL)
    _register()


def catch_crashes():
    """Have the stacks written when a fatal signal ends the process."""
    faulthandler.enable(file=_file, all_threads=True)
