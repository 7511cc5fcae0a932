"""Collection for discovery: one pytest session that collects and runs nothing.

Files whose tests are known already are passed over without importing them.  That is only sound
while nothing has a say in the tests of other files; where something has, which shows at the latest
when everything is collected, the session says so instead of giving an answer, and another one
collects everything.

Frames that it sends: ``["loading", path]`` before a file is collected, so that a death is blamed
on the right one; ``["file", path, answer]`` and one ``["session", answer]``, or one of ``["wide",
reason]``, ``["usage", message]``, ``["interrupted", reason, code]`` and ``["error", text]``.
"""

import os
import sys

from fastest_harness.channel import read_frame, write_frame
from fastest_harness.recorder import Recorder

# Hooks with a say in the tests of the whole session, wherever they are defined.
SESSION_HOOKS = (
    "pytest_cmdline_main",
    "pytest_collection",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_make_parametrize_id",
)
# Hooks with a say in the tests below the conftest that defines them; in all, if a plugin does.
TREE_HOOKS = ("pytest_collect_directory", "pytest_collect_file", "pytest_ignore_collect")
FOLDER_HOOKS = (
    "pytest_collectstart",
    "pytest_generate_tests",
    "pytest_itemcollected",
    "pytest_make_collect_report",
    "pytest_pycollect_makeitem",
    "pytest_pycollect_makemodule",
)
# Packages whose hooks neither add, drop, rename nor reorder tests unless asked to.
INERT = frozenset(
    (
        "_hypothesis_pytestplugin",
        "_pytest",
        "anyio",
        "fastest_harness",
        "pytest_benchmark",
        "pytest_cov",
        "pytest_httpx",
        "pytest_mock",
        "pytest_timeout",
        "xdist",
    )
)
OLDEST_PYTEST = (8, 0)


def main(init, sock):
    """Answer the one request that comes over ``sock``."""
    request = read_frame(sock)
    try:
        _run(init, request, lambda message: write_frame(sock, message))
    except KeyboardInterrupt:
        write_frame(sock, ["interrupted", "KeyboardInterrupt", None])
    except BaseException:
        import traceback

        write_frame(sock, ["error", traceback.format_exc()])


def _run(init, request, send):
    try:
        import pytest
    except ImportError as error:
        send(["missing", str(error)])
        return
    if tuple(map(int, pytest.__version__.split(".")[:2])) < OLDEST_PYTEST:
        send(["missing", f"pytest {pytest.__version__} is too old"])
        return
    # Now, so that what it loads counts as pytest's.
    from fastest_harness import collecting

    harness = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    recorder = Recorder(init["rootdir"], [harness, *request["own_folders"]])
    os.environ["PYTEST_VERSION"] = pytest.__version__
    recorder.start()
    collecting.run(request, recorder, send)
    sys.stdout.flush()
