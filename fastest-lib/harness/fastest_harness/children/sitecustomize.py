"""Has a Python that a test started look at what it uses; see `fastest_harness.inputs` and
`fastest_harness.hermetic.child`.

It stands in front of the module of this name that the environment may have, and loads that one.
"""

import os
import sys


def _watch():
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != folder]
    settings = os.environ.get("FASTEST_RECORD_INPUTS")
    unit = os.environ.pop("FASTEST_CLOSED_UNIT", None)
    if unit:
        paths = os.environ.pop("PYTHONPATH", "").split(os.pathsep)
        paths = [path for path in paths if os.path.abspath(path) != folder]
        if paths:
            os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    if settings or unit:
        root = os.path.dirname(os.path.dirname(folder))
        sys.path.insert(0, root)
        try:
            if unit:
                from fastest_harness.hermetic import child

                child.join(unit)
            if settings:
                from fastest_harness import inputs

                inputs.join(settings)
        except Exception:
            # A test must not fail because it cannot be watched, in a Python that is too old.
            return
        finally:
            sys.path.remove(root)


def _load_other():
    try:
        from importlib import machinery, util
    except ImportError:
        # A Python 2.
        return
    spec = machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_watch()
_load_other()
