"""Capturing of file descriptors 1 and 2, per phase, and the capture fixtures' counterpart.

Unlike pytest, which switches the descriptors back after each phase, the engine keeps them
switched for the whole run: nobody writes to the terminal from here. Every phase arms them anew,
because a test may have replaced or closed them.
"""

from __future__ import annotations

import io
import os
import sys

__tracebackhide__ = True


class EncodedFile(io.TextIOWrapper):
    """`sys.stdout` and `sys.stderr` while captured."""

    __slots__ = ()

    @property
    def name(self):
        return repr(self.buffer)

    @property
    def mode(self):
        return self.buffer.mode.replace("b", "")


class _ClosedInput(io.TextIOBase):
    """`sys.stdin` while captured: reading is an error of the test."""

    @property
    def encoding(self):
        return sys.__stdin__.encoding if sys.__stdin__ is not None else "utf-8"

    def _refuse(self, size=-1):
        # The wording is what people know to search for.
        raise OSError("pytest: reading from stdin while output is captured!  Consider using `-s`.")

    read = readline = readlines = __next__ = _refuse

    def __iter__(self):
        return self

    def fileno(self):
        raise io.UnsupportedOperation("redirected stdin is pseudofile, has no fileno()")

    def flush(self):
        raise io.UnsupportedOperation("redirected stdin is pseudofile, has no flush()")

    def isatty(self):
        return False

    def close(self):
        pass

    def readable(self):
        return False

    def seekable(self):
        return False

    def tell(self):
        raise io.UnsupportedOperation("redirected stdin is pseudofile, has no tell()")

    def writable(self):
        return False

    @property
    def buffer(self):
        return self


# Looked up here once, and not each time twice a phase.
_dup2, _lseek, _SEEK_END = os.dup2, os.lseek, os.SEEK_END


def _unlinked_file():
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("captured")
    else:
        import tempfile

        fd, path = tempfile.mkstemp()
        os.unlink(path)
    return open(fd, "rb+", buffering=0)


class _Stream:
    """One captured descriptor and the text file over it."""

    def __init__(self, fd):
        self._fd = fd
        self._saved = os.dup(fd)
        raw = _unlinked_file()
        self._own = raw.fileno()
        self.file = EncodedFile(
            raw, encoding="utf-8", errors="replace", newline="", write_through=True
        )

    def arm(self):
        _dup2(self._own, self._fd)

    def disarm(self):
        os.dup2(self._saved, self._fd)

    def drain(self):
        size = _lseek(self._own, 0, _SEEK_END)
        if not size:
            return ""
        data = os.pread(self._own, size, 0)
        os.lseek(self._own, 0, os.SEEK_SET)
        os.ftruncate(self._own, 0)
        return data.decode("utf-8", "replace")


class _MemoryFile(io.TextIOWrapper):
    """`sys.stdout` and `sys.stderr` while only these names are captured."""

    def __init__(self, other):
        super().__init__(io.BytesIO(), encoding="utf-8", newline="", write_through=True)
        self._other = other

    def write(self, text):
        count = super().write(text)
        return count if self._other is None else self._other.write(text)


class _Memory:
    """A captured name, with what is written to it also on the stream `other`, if any."""

    def __init__(self, other):
        self.file = _MemoryFile(other)

    def arm(self):
        pass

    disarm = arm

    def drain(self):
        buffer = self.file.buffer
        data = buffer.getvalue()
        if data:
            buffer.seek(0)
            buffer.truncate()
        return data.decode("utf-8")


class Capture:
    """The whole process's capturing; also pytest's capture manager to its capture fixtures."""

    def __init__(self, method):
        #: `fd`, `sys`, `tee-sys` or `no`.
        self.method = method
        self._out = self._err = self._stdin = self._stdin_fd = None
        self._fixture = None
        self._disabled = False

    def start(self):
        """Switch the descriptors; standard input becomes empty."""
        if self.method == "no":
            return
        self._original = sys.stdin, sys.stdout, sys.stderr
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        if self.method == "fd":
            self._out, self._err = _Stream(1), _Stream(2)
            self._stdin_fd = os.dup(0)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
        else:
            tee = self.method == "tee-sys"
            self._out = _Memory(sys.stdout if tee else None)
            self._err = _Memory(sys.stderr if tee else None)
        if self.method != "tee-sys":
            self._stdin = sys.stdin = _ClosedInput()
        self.arm()

    def descriptors(self):
        """Those of the files that captured output goes to; 0 where there are none."""
        if self._out is None or self.method != "fd":
            return 0, 0
        return self._out.file.fileno(), self._err.file.fileno()

    def use_pytest(self):
        """Take pytest's own object for standard input, now that pytest is imported."""
        if self._stdin is not None and sys.stdin is self._stdin:
            from _pytest.capture import DontReadFromInput

            self._stdin = sys.stdin = DontReadFromInput()

    def stop(self):
        """Give everything back."""
        if self._out is None:
            return
        self._out.disarm()
        self._err.disarm()
        if self._stdin_fd is not None:
            os.dup2(self._stdin_fd, 0)
            os.close(self._stdin_fd)
        sys.stdin, sys.stdout, sys.stderr = self._original
        self._out = self._err = None

    def arm(self):
        """Begin a phase."""
        out, err = self._out, self._err
        if out is not None:
            out.arm()
            err.arm()
            sys.stdout = out.file
            sys.stderr = err.file
        if self._fixture is not None:
            self._fixture._start()

    def leave_fixture(self):
        """Let what is written go past `capsys` or its kin, until `arm`."""
        if self._fixture is not None:
            self._fixture.close()

    def end_phase(self, item, when):
        """End a phase: what was written goes to the item's report."""
        self.leave_fixture()
        if self._out is not None:
            out = self._out.drain()
            if out:
                item.add_report_section(when, "stdout", out)
            err = self._err.drain()
            if err:
                item.add_report_section(when, "stderr", err)

    def drain(self):
        """(stdout, stderr) written since the last look."""
        if self._out is None:
            return "", ""
        return self._out.drain(), self._err.drain()

    # What pytest's `CaptureFixture` asks of its manager.

    @property
    def _capture_fixture(self):
        return self._fixture

    def set_fixture(self, fixture):
        """`capsys` or one of its kin becomes active."""
        if self._fixture is not None:
            names = fixture.request.fixturename, self._fixture.request.fixturename
            fixture.request.raiseerror("cannot use {} and {} at the same time".format(*names))
        self._fixture = fixture

    def unset_fixture(self):
        """The active capture fixture ends."""
        self._fixture = None

    def global_and_fixture_disabled(self):
        """Context manager: output goes where it went before capturing."""
        return _Disabled(self, self._fixture)


class _Disabled:
    def __init__(self, capture, fixture):
        self._capture = capture
        self._fixture = fixture if fixture is not None and fixture._is_started() else None

    def __enter__(self):
        capture = self._capture
        if self._fixture is not None:
            self._fixture._suspend()
        self._suspended = capture._out is not None and not capture._disabled
        if self._suspended:
            capture._disabled = True
            capture._out.disarm()
            capture._err.disarm()
            _, sys.stdout, sys.stderr = capture._original

    def __exit__(self, *_):
        capture = self._capture
        if self._suspended:
            capture._disabled = False
            for stream in capture._original[1:]:
                if stream is not None:
                    stream.flush()
            capture._out.arm()
            capture._err.arm()
            sys.stdout = capture._out.file
            sys.stderr = capture._err.file
        if self._fixture is not None:
            self._fixture._resume()
