//! Tests that misuse the process they run in.

use crate::oracle::{ENGINES, agrees_with_pytest};
use crate::support::{check_each, project};

/// Tests that pytest lives through, in files of their own, in one session.
const SURVIVED: &[(&str, &str)] = &[
    ("test_a_good.py", "def test_good(): pass\n"),
    (
        "test_exit.py",
        "import sys\n\
         def test_zero(): sys.exit(0)\n\
         def test_three(): sys.exit(3)\n\
         def test_raise(): raise SystemExit\n",
    ),
    (
        "test_stdin.py",
        "import os, sys\n\
         def test_input(): input()\n\
         def test_read(): sys.stdin.read()\n\
         def test_fd(): assert os.read(0, 1) == b''\n",
    ),
    (
        "test_output.py",
        "import os, sys\n\
         def test_binary():\n    os.write(1, bytes(range(256)))\n    os.write(2, b'\\xff\\xfe')\n    assert 0\n\
         def test_buffer():\n    sys.stdout.buffer.write(b'\\x80\\x00')\n    assert 0\n\
         def test_surrogates():\n    print('\\ud800 \\udcff')\n    assert 0\n\
         def test_surrogate_message(): assert 0, '\\ud800'\n\
         def test_escapes():\n    print('\\x1b[31m\\r\\b\\x00]0;title\\x07')\n    assert 0\n\
         def test_huge():\n    print('x' * 10_000_000)\n    sys.stderr.write('y\\n' * 5_000_000)\n\
         def test_huge_failing():\n    os.write(1, b'z' * 10_000_000)\n    assert 0\n",
    ),
    (
        "test_folder.py",
        "import os, tempfile\n\
         def test_away(): os.chdir('/')\n\
         def test_stays_away(): assert os.getcwd() == '/'\n\
         def test_gone():\n    folder = tempfile.mkdtemp()\n    os.chdir(folder)\n    os.rmdir(folder)\n\
         def test_fails_there(): assert os.getcwd()\n",
    ),
    (
        "test_folder_after.py",
        "def test_good(): pass\ndef test_bad(): assert 0\n",
    ),
    (
        "test_handlers.py",
        "import signal, pytest\n\
         @pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM', 'SIGCHLD', 'SIGPIPE', 'SIGHUP', 'SIGALRM'])\n\
         @pytest.mark.parametrize('handler', [signal.SIG_IGN, signal.SIG_DFL])\n\
         def test_changed(name, handler): signal.signal(getattr(signal, name), handler)\n\
         def test_alarm():\n    signal.signal(signal.SIGALRM, lambda *_: None)\n    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\n\
         def test_after_alarm():\n    signal.setitimer(signal.ITIMER_REAL, 0)\n",
    ),
    (
        "test_limits.py",
        "import sys\n\
         def deeper(): deeper()\n\
         def test_recursion(): deeper()\n\
         def test_recursive_repr():\n    class R:\n        def __repr__(self): return repr(self)\n    assert R() == 1\n\
         def test_memory(): raise MemoryError\n\
         def test_real_memory(): bytearray(1 << 62)\n\
         def test_base():\n    class Odd(BaseException): pass\n    raise Odd\n\
         def test_generator_exit(): raise GeneratorExit\n\
         def test_bad_repr():\n    class R:\n        def __repr__(self): raise ValueError\n    assert R() == 1\n",
    ),
    (
        "test_ids.py",
        "import pytest\n\
         @pytest.mark.parametrize('x', ['a' * 200_000, 'nul\\0', 'new\\nline', '\\ud800', '\\u00e9', '::', '[', ']', '/', '', ' '])\n\
         def test_text(x): pass\n\
         @pytest.mark.parametrize('x', [b'\\xff\\0', 'same', 'same', float('nan'), None, ...])\n\
         def test_other(x): pass\n",
    ),
    (
        "test_redirect.py",
        "import os\n\
         def test_out(tmp_path):\n    fd = os.open(tmp_path / 'out', os.O_WRONLY | os.O_CREAT)\n    os.dup2(fd, 1)\n    os.dup2(fd, 2)\n    os.close(fd)\n    print('there')\n\
         def test_after():\n    print('here')\n    assert 0\n",
    ),
    (
        "test_threads.py",
        "import threading, time\n\
         forever = threading.Event()\n\
         def test_daemon(): threading.Thread(target=forever.wait, daemon=True).start()\n\
         def test_joined_at_exit(): threading.Thread(target=time.sleep, args=(0.2,)).start()\n\
         def test_raises():\n    thread = threading.Thread(target=lambda: 1 / 0)\n    thread.start()\n    thread.join()\n",
    ),
    (
        "test_children.py",
        "import os, subprocess, sys\n\
         def test_waited(): assert subprocess.call([sys.executable, '-c', 'pass']) == 0\n\
         def test_fork_and_exit():\n    pid = os.fork()\n    if not pid: os._exit(0)\n    os.waitpid(pid, 0)\n\
         def test_zombie():\n    if not os.fork(): os._exit(0)\n",
    ),
    ("test_z_good.py", "def test_good(): pass\n"),
];

/// Tests that take away what everything in their process needs.
const ALONE: &[(&str, &str)] = &[
    (
        "test_environ.py",
        "import os\ndef test_clears(): os.environ.clear()\ndef test_bad(): assert 0\n",
    ),
    (
        "test_path.py",
        "import sys\ndef test_clears(): sys.path.clear()\ndef test_bad(): assert 0\n",
    ),
    (
        "test_print.py",
        "import builtins\ndef test_none(): builtins.print = None\ndef test_bad(): assert 0\n",
    ),
    (
        "test_std.py",
        "import sys\ndef test_none(): sys.stdout = sys.stderr = None\ndef test_bad(): assert 0\n",
    ),
    (
        "test_closes_stdout.py",
        "import sys\ndef test_stdout(): sys.stdout.close()\ndef test_good(): pass\n",
    ),
    (
        "test_closes_both.py",
        "import os\ndef test_both():\n    os.close(1)\n    os.close(2)\ndef test_good(): pass\n",
    ),
    (
        "test_argv.py",
        "import sys\ndef test_clears(): sys.argv.clear()\ndef test_bad(): assert 0\n",
    ),
    (
        "test_trace.py",
        "import sys\ndef test_none(): sys.settrace(None)\ndef test_bad(): assert 0\n",
    ),
];

#[test]
fn what_pytest_lives_through_has_its_outcomes() {
    // In one session: each file must stand the next, and be stood by it.
    agrees_with_pytest(&project(SURVIVED), &[]);
    check_each(ALONE, |file| {
        agrees_with_pytest(&project(&[file]), &[]);
    });
}

/// Tests that end or wreck their process: the test itself, how it has to end, and what its report
/// has to say. Under pytest there is no outcome: the whole run ends, hangs, or goes on twice.
const DEADLY: &[(&str, &str, &str)] = &[
    ("os._exit(0)", "failed", "exit code 0"),
    ("os._exit(3)", "failed", "exit code 3"),
    ("os.kill(os.getpid(), signal.SIGKILL)", "failed", "SIGKILL"),
    ("os.kill(os.getpid(), signal.SIGTERM)", "failed", "SIGTERM"),
    ("os.abort()", "failed", "SIGABRT"),
    ("import ctypes; ctypes.string_at(0)", "failed", "SIGSEGV"),
    (
        "import faulthandler; faulthandler._sigsegv()",
        "failed",
        "SIGSEGV",
    ),
    (
        "print('last words'); sys.stdout.flush(); os._exit(1)",
        "failed",
        "exit code 1",
    ),
    ("os.kill(os.getppid(), signal.SIGKILL)", "passed", ""),
    ("os.kill(os.getppid(), signal.SIGTERM)", "passed", ""),
    ("os.killpg(0, signal.SIGKILL)", "failed", ""),
    ("os.closerange(3, 65536)", "failed", "Bad file descriptor"),
    ("os.closerange(0, 65536)", "failed", "Bad file descriptor"),
    ("os.fork()", "passed", ""),
    ("os.fork() or sys.exit()", "passed", ""),
    ("os.fork(); os.fork()", "passed", ""),
    ("os.fork() or time.sleep(1000)", "passed", ""),
    (
        "threading.Thread(target=time.sleep, args=(1000,)).start()",
        "passed",
        "",
    ),
    ("subprocess.Popen(['sleep', '1000'])", "passed", ""),
    (
        "subprocess.Popen(['sh', '-c', 'sleep 1000 & sleep 1000'])",
        "passed",
        "",
    ),
    (
        "subprocess.Popen(['sh', '-c', \"trap '' TERM INT HUP; sleep 1000\"])",
        "passed",
        "",
    ),
    ("os.fork() or os.fork() or time.sleep(1000)", "passed", ""),
    (
        "subprocess.Popen(['sleep', '1000'], start_new_session=True)",
        "passed",
        "",
    ),
    (
        "os.fork() or (os.setsid(), os.fork() or time.sleep(1000), os._exit(0))",
        "passed",
        "",
    ),
    ("import atexit; atexit.register(os._exit, 9)", "passed", ""),
    (
        "import atexit; atexit.register(time.sleep, 0.1); atexit.register(lambda: 1 / 0)",
        "passed",
        "",
    ),
    ("os.close(1); os.close(2)", "passed", ""),
    (
        "import gc; gc.disable(); sys.setrecursionlimit(60)",
        "passed",
        "",
    ),
];

#[test]
fn what_wrecks_a_process_costs_one_test_at_most() {
    check_each(DEADLY, |(body, outcome, said)| {
        let deadly = format!(
            "import os, signal, subprocess, sys, threading, time\n\
             def test_before(): pass\n\
             def test_deadly():\n    {body}\n\
             def test_after(): pass\n"
        );
        let project = project(&[
            ("test_a.py", "def test_a(): pass\n"),
            ("test_m.py", &deadly),
            ("test_z.py", "def test_z(): pass\n"),
        ]);
        for engine in ENGINES {
            let finished = project.run(engine, &["-n", "1"]);
            let expected = [
                ("test_a.py::test_a", "passed"),
                ("test_m.py::test_after", "passed"),
                ("test_m.py::test_before", "passed"),
                ("test_m.py::test_deadly", outcome),
                ("test_z.py::test_z", "passed"),
            ]
            .map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
            let complaints = finished.complaints();
            assert_eq!(
                finished.outcomes(),
                expected,
                "{engine}: {body}\n{complaints}"
            );
            let code = i32::from(outcome == "failed");
            assert_eq!(finished.code, Some(code), "{engine}: {body}\n{complaints}");
            assert!(
                finished.all_output().contains(said),
                "{engine}: {body}\n{finished:#?}"
            );
        }
    });
}

#[test]
fn a_test_that_stops_the_run_gives_pytests_exit_code() {
    let bodies = [
        "raise KeyboardInterrupt",
        "pytest.exit('enough')",
        "pytest.exit('enough', returncode=7)",
        "pytest.exit('enough', returncode=0)",
        "raise pytest.exit.Exception('enough', 9)",
    ];
    check_each(&bodies, |body| {
        let stops = format!(
            "import pytest\n\
             def test_before(): pass\n\
             def test_stops():\n    {body}\n\
             def test_after(): pass\n"
        );
        let project = project(&[("test_m.py", &stops)]);
        agrees_with_pytest(&project, &["-n", "1"]);
    });
}
