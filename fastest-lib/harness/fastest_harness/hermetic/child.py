"""The Pythons that a closed unit starts: they name what they see, too.

They find this by the folder `children` on their ``PYTHONPATH``, of which they keep nothing.  One
that ignores that variable, and one that a shell starts, is held by the kernel all the same.
"""

import json
import os
import sys

from fastest_harness import spawning
from fastest_harness.hermetic.paths import Declared
from fastest_harness.hermetic.watch import Watch

VARIABLE = "FASTEST_CLOSED_UNIT"
_CHILDREN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "children")


def pass_on(rules, unit, rootdir, log):
    """Have the Pythons that this process starts look at what they use."""
    path = os.path.join(unit["own"], "unit.json")
    settings = {"rules": rules, "unit": unit, "rootdir": rootdir, "log": log}
    prefixes = tuple(
        {os.fsencode(os.path.join(p, "bin", "")) for p in (sys.prefix, sys.base_prefix)}
    )

    def concerns(programs):
        def is_python(program):
            name = os.path.basename(program)
            return name.startswith((b"python", b"pypy")) or program.startswith(prefixes)

        if not any(map(is_python, programs)):
            return False
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(settings, file)
        return True

    spawning.wrap({VARIABLE: path, "PYTHONPATH": _CHILDREN}, concerns)


def join(path):
    """Look at what this process uses, which a closed unit has started."""
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    rules, unit, rootdir = settings["rules"], settings["unit"], settings["rootdir"]
    pass_on(rules, unit, rootdir, settings["log"])
    watch = Watch(Declared(rules, unit, rootdir), rules, unit, settings["log"])
    watch.start()
    watch.belong_to_unit()
