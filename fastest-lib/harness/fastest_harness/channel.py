"""Framed messages between a worker and the dispatcher.

Every frame is a little-endian ``u32`` length followed by that many bytes of JSON.  Frames to the
dispatcher are first written to a file that both sides share, and from there to the socket in
batches: a system call a test would cost more than many tests do, and a buffer in the worker's own
memory would be lost with a worker that dies.

Layout of the shared file (little-endian; ``execution/shared.rs`` reads the same):

=======  ====  =======================================================================
offset   size  meaning
=======  ====  =======================================================================
0        1     stop flag, set by the dispatcher
1        1     what a child that runs one test says to its parent
4        4     what the worker does: 0 nothing, 1 loads a file, 2 runs a test
8        4     the ``seq`` of that file
12       4     the index of that test among the collected ids of its file
16       4     number of buffered bytes that have not been sent yet
20       4     limit of time in milliseconds: 0 the run's own, all ones none
24       4     counts the limits that were set, each of which starts the clock anew
28       4     the descriptor of this file here, to which stacks are written at SIGURG; 0 for none
32       4     the descriptor of the file with captured standard output, 0 for none
36       4     the same for standard error
64       ...   the buffered frames
131136   ...   stacks of threads, as ``faulthandler`` writes them
=======  ====  =======================================================================
"""

import _signal
import json
import mmap
import os
import socket
import struct
import time

HEADER = 64
STACKS = HEADER + 128 * 1024
IDLE, LOADING, RUNNING = 0, 1, 2
NO_LIMIT = 0xFFFFFFFF
FLUSH_INTERVAL = 0.02

_U32 = struct.Struct("<I")
_STATE = struct.Struct("<III")
_TIMES = struct.Struct("<II")
_to_json = json.JSONEncoder(separators=(",", ":"), default=str, ensure_ascii=False).encode


class Disconnected(BaseException):
    """The dispatcher is gone; there is nobody left to work for."""


def _encode(message):
    text = _to_json(message)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Lone surrogates are no characters to JSON's other readers: spell them out.
        import re

        return re.sub("[\ud800-\udfff]", lambda found: rf"\\u{ord(found[0]):04x}", text).encode()


def read_exactly(sock, size):
    """Read ``size`` bytes or raise `Disconnected`."""
    chunks = []
    while size:
        try:
            chunk = sock.recv(size)
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise Disconnected
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def read_frame(sock):
    """Read one frame and decode it."""
    (size,) = _U32.unpack(read_exactly(sock, 4))
    return json.loads(read_exactly(sock, size))


def write_frame(sock, message):
    """Write one frame without any buffering."""
    data = _encode(message)
    sock.sendall(_U32.pack(len(data)) + data)


def _has_failed(reports):
    return any(type(report) is dict and report["outcome"] == "failed" for report in reports)


class _Uninterrupted:
    """Context in which Ctrl-C waits: half a frame, or the same one twice, would be worse.

    A handler that a test has set is left alone.
    """

    def __enter__(self):
        self._came = False
        self._holds = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
        if self._holds:
            try:
                _signal.signal(_signal.SIGINT, self._hold)
            except ValueError:
                # Another thread than the main one is not interrupted.
                self._holds = False

    def _hold(self, signum, frame):
        self._came = True

    def __exit__(self, *_):
        if self._holds:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
            if self._came:
                raise KeyboardInterrupt


class Channel:
    """A worker's end of the line.

    It doubles as the sink of both engines: its methods are the frames that they may send, once it
    is connected.
    """

    def __init__(self, maxfail=0, clock=time.monotonic):
        self._maxfail = maxfail
        self._capacity = STACKS - HEADER
        self._used = 0
        self._clock = clock
        self._flushed_at = clock()
        self._once = False  # whether there will be no other files than the first
        self._fetched = None  # those of them that nobody has taken yet
        self.unit = None  # what a worker in a hermetic run may use for its files
        self._imports = []
        self._waiting = []  # files that were given and are not begun, the next one last
        self._more = (
            False  # whether there are so many that it is time to ask for the next ones early
        )
        self._asked = False  # for files that are not needed yet
        self._early = None  # the answer, if another one was waited for
        self._limits = 0
        self._lends = False

    def connect(self, sock, shared_fd):
        """Talk over this socket, and through this file, from now on."""
        self._sock = sock
        self._shared = mmap.mmap(shared_fd, STACKS)
        self._pid = os.getpid()
        os.register_at_fork(after_in_child=self._abandon)

    def lend(self):
        """Let the next child that is forked report in the place of this process, which waits."""
        self._lends = True
        self._shared[1] = 0

    def borrow(self):
        """Report in the place of the parent, in that child."""
        self._lends = False

    def told(self, said):
        """Leave a word for the parent: a number from 1 to 255."""
        self._shared[1] = said

    def take_back(self):
        """Go on reporting, when the child has ended; what it has left, 0 for nothing."""
        self._lends = False
        (self._used,) = _U32.unpack_from(self._shared, 16)
        (_, self._limits) = _TIMES.unpack_from(self._shared, 20)
        return self._shared[1]

    def _abandon(self):
        if self._lends:
            self._pid = os.getpid()
            return
        # A child of a test that comes back here instead of ending must not touch what it shares
        # with its parent: two processes would report as one.
        self.__class__ = _Abandoned

    def send(self, message):
        """Queue one frame; it survives the death of this process."""
        self._queue(_encode(message))

    def _queue(self, data):
        size = 4 + len(data)
        if self._used + size > self._capacity:
            self.flush()
            if size > self._capacity:
                with _Uninterrupted():
                    self._write(_U32.pack(len(data)) + data)
                return
        start = HEADER + self._used
        self._shared[start : start + size] = _U32.pack(len(data)) + data
        self._used += size
        _U32.pack_into(self._shared, 16, self._used)

    def flush(self):
        """Send all queued frames to the dispatcher."""
        if self._used:
            with _Uninterrupted():
                self._write(self._shared[HEADER : HEADER + self._used])
                self._used = 0
                _U32.pack_into(self._shared, 16, 0)
        self._flushed_at = self._clock()

    def _write(self, data):
        if os.getpid() != self._pid:
            # Forked by something else than Python.
            os._exit(1)
        try:
            self._sock.sendall(data)
        except (ConnectionError, OSError):
            raise Disconnected from None

    # What engines may ask ...

    def ask_once(self):
        """Ask for the files of a worker that gets no others; `next_files` will wait for them."""
        self._ask()
        self._once = True

    def fetch(self):
        """Wait for those files, which `next_files` will give."""
        self._fetched = self.next_files()
        return self._fetched

    def take_ruleset(self):
        """The descriptor that follows files with a unit."""
        _, (descriptor,), _, _ = socket.recv_fds(self._sock, 1, 1)
        return descriptor

    def finish(self):
        """The worker ends."""

    def next_files(self):
        """Wait for the files to do next; an empty list when there are none left."""
        if self._fetched is not None:
            files, self._fetched = self._fetched, []
            return files
        if self._once:
            self._fetched = []
        self._ask()
        _STATE.pack_into(self._shared, 4, IDLE, 0, 0)
        assignment, self._early = self._early or read_frame(self._sock), None
        self._asked = False
        self._imports.extend(assignment.get("imports", ()))
        self._more = assignment.get("more", False)
        self.unit = assignment.get("unit")
        return assignment["files"]

    def _answer(self):
        """The answer to something else than the question for files."""
        while True:
            frame = read_frame(self._sock)
            if "files" not in frame:
                return frame
            self._early = frame

    def _ask(self):
        if not self._asked:
            self.send(["next"])
            self.flush()
            self._asked = True

    def take_imports(self):
        """The files to import before the first test runs, as pytest does; once."""
        imports, self._imports = self._imports, []
        return imports

    def next_file(self):
        """Wait for the file to do next; ``None`` when there is none left."""
        if self.should_stop():
            self._waiting = []
        if not self._waiting:
            self._waiting = self.next_files()[::-1]
        if not self._waiting:
            return None
        file = self._waiting.pop()
        if self._more and not self._waiting:
            # The answer comes while this one runs.
            self._ask()
        return file

    def debugger(self):
        """A test enters a debugger; wait for one's turn, and learn whether there is a terminal."""
        self.send(["debugger"])
        self.flush()
        return self._answer()["terminal"]

    def should_stop(self):
        """Whether the dispatcher wants no further test to start."""
        if self._shared[0] == 0:
            return False
        # What follows is no test's: fixtures end in peace.
        _STATE.pack_into(self._shared, 4, IDLE, 0, 0)
        return True

    # ... and say.

    def loading(self, seq):
        """The file ``seq`` is about to be imported."""
        _STATE.pack_into(self._shared, 4, LOADING, seq, 0)

    def starting(self, seq, index):
        """Test number ``index`` of file ``seq`` is about to run."""
        _STATE.pack_into(self._shared, 4, RUNNING, seq, index)

    def limit(self, seconds):
        """What runs may take ``seconds`` from now on; 0: any time, ``None``: the run's own limit.

        To be said after `starting`, and taken back before the next test starts.
        """
        if seconds is None:
            millis = 0
        elif seconds <= 0:
            millis = NO_LIMIT
        else:
            millis = min(max(int(seconds * 1000), 1), NO_LIMIT - 1)
        self._limits += 1
        _TIMES.pack_into(self._shared, 20, millis, self._limits & 0xFFFFFFFF)

    def stacks_in(self, fd):
        """SIGURG has the stacks of all threads written to this file, which is ``fd``."""
        _U32.pack_into(self._shared, 28, fd)

    def captured_in(self, out, err):
        """The descriptors of the files that captured output goes to."""
        _TIMES.pack_into(self._shared, 32, out, err)

    def collected(self, seq, ids, deselected):
        """File ``seq`` holds these tests, in the order in which they will run."""
        self.send(["collected", seq, ids, deselected])

    def collect_report(self, seq, outcome, longrepr, sections, nodeid=None):
        """A collector of file ``seq`` failed or was skipped."""
        self.send(["collect", seq, outcome, longrepr, sections, nodeid])

    def deopt(self, seq, reason, ids):
        """The native engine gives these tests (``None``: the whole file) to pytest."""
        self.send(["deopt", seq, reason, ids])

    def result(self, seq, index, reports):
        """Test number ``index`` of file ``seq`` has finished."""
        if type(reports[0]) is float:
            # Nearly every test ends so: three durations.
            setup, call, teardown = reports
            numbers = seq, index, setup, call, teardown
            self._queue(b'["result",%d,%d,[%.9f,%.9f,%.9f]]' % numbers)
        else:
            self.send(["result", seq, index, reports])
        if self._maxfail and _has_failed(reports):
            # It may be the failure that ends the run: let the dispatcher decide that first.
            self.send(["pause"])
            self.flush()
            self._answer()
        elif self._clock() - self._flushed_at > FLUSH_INTERVAL:
            self.flush()

    def cut_short(self, seq, index, reports):
        """Test number ``index`` of file ``seq`` was interrupted after these phases.

        One that was interrupted before its call had ended has no outcome, as under pytest.
        """
        if any(report["when"] != "setup" or report["outcome"] != "passed" for report in reports):
            self.send(["result", seq, index, reports])

    def debugged(self):
        """The test that had entered a debugger has ended."""
        self.send(["debugged"])
        self.flush()

    def warning(self, seq, warning):
        """A warning was recorded."""
        self.send(["warning", seq, warning])

    def suite_property(self, name, value, times):
        """A test has said something of the whole run, for this many times in this worker."""
        self.send(["suite-property", name, value, times])

    def done(self, seq):
        """Nothing more will be said about file ``seq``."""
        self.send(["done", seq])


class _Abandoned:
    """What a channel becomes in a process that a test has forked: whoever uses it ends."""

    def __getattr__(self, name):
        os._exit(1)
