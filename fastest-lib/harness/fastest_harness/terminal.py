"""The terminal, for a debugger that a test enters.

Workers are process groups in the background of their terminal.  The one whose test enters a
debugger becomes the foreground, until that test has ended.
"""

import contextlib
import os
import signal

TERMINAL = "/dev/tty"


def take():
    """Make this process group the foreground, and its standard input the terminal."""
    with contextlib.suppress(OSError):
        fd = os.open(TERMINAL, os.O_RDWR)
        try:
            _hand_to(fd, os.getpgrp())
            os.dup2(fd, 0)
        finally:
            os.close(fd)


def give_back(owner, taker):
    """Make the group ``owner`` the foreground again, if it is ``taker`` now."""
    with contextlib.suppress(OSError):
        fd = os.open(TERMINAL, os.O_RDWR)
        try:
            if os.tcgetpgrp(fd) == taker:
                _hand_to(fd, owner)
        finally:
            os.close(fd)


def _hand_to(fd, group):
    # Who asks from the background is stopped by this signal otherwise.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        os.tcsetpgrp(fd, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
