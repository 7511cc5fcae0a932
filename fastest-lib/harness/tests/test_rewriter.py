"""The rewriter of pytest without the rest of pytest makes the same code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: Prints whether there was code that was made apart, and whether it is what the whole makes.
PROGRAM = """
import json, marshal, sys, tempfile
sys.path.append(sys.argv[1])
from fastest_harness import rewrite, rewriter

source = json.load(sys.stdin).encode("latin-1")
with tempfile.TemporaryFile() as out:
    def store(rewrite_asserts):
        code = rewrite.compile_rewritten(source, "a.py", rewrite_asserts=rewrite_asserts)
        out.write(marshal.dumps(code))
        out.flush()

    stored = rewriter.store_apart(store)
    assert not rewriter.is_loaded() and "_pytest" not in sys.modules
    out.seek(0)
    same = stored and marshal.load(out) == rewrite.compile_rewritten(source, "a.py")
print(json.dumps([stored, same]))
"""

SAME = {
    "plain": "def test_a():\n    assert [1, 2] == [1, 2], 'said'\n",
    "names": "def test_a(x):\n    assert x.y(1, *x, **x)[0] in (x, not x) and -x < x <= 3\n",
    "walrus": "def test_a():\n    assert (a := 1) and a == 1\n",
    "disabled": '"""PYTEST_DONT_REWRITE"""\ndef test_a():\n    assert 1\n',
    "docstring": '"""Says."""\nfrom __future__ import annotations\n\nassert True\n',
    "encoding": "# -*- coding: latin-1 -*-\nassert '\xe9'\n",
    "empty": "",
}
LEFT = {
    "a warning of pytest": "assert (1, 'always true')\n",
    "a warning of Python": "x = 1 is 1\n",
    "an error": "def test_(:\n",
}


def compared(source):
    """What `PROGRAM` prints of a source text."""
    harness = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, harness],
        input=json.dumps(source),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SAME)
def test_the_code_is_the_same(name):
    assert compared(SAME[name]) == [True, True]


@pytest.mark.parametrize("name", LEFT)
def test_what_has_to_be_said_is_left_to_the_whole(name):
    assert compared(LEFT[name]) == [False, False]
