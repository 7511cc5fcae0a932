"""pytest's rewriter of assertions alone, without what it imports for its other purposes.

Its module imports much of pytest, which takes several times as long as rewriting a file does.  To
rewrite, it needs `ast` and itself.  So a process that ends right afterwards loads it among
stand-ins; wherever it touches one of these, or has something to warn of, nothing is kept, and
whoever imports the file compiles it with the whole of pytest.
"""

import os
import sys

NAME = "_pytest.assertion.rewrite"

#: What it imports besides pytest's own modules and has no use for here.
_UNUSED = ("importlib.abc", "importlib.readers", "importlib.resources", "pathlib", "tokenize")


def is_loaded():
    """Whether it costs nothing to use the whole."""
    return NAME in sys.modules


def store_apart(store):
    """Call ``store`` with the rewriter in a process of its own; whether it came to its end."""
    try:
        pid = os.fork()
    except OSError:
        return False
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    status = 1
    try:
        import warnings

        # Whoever imports the file is to hear of it.
        warnings.simplefilter("error")
        store(_load().rewrite_asserts)
        status = 0
    except BaseException:
        status = 1
    finally:
        os._exit(status)


class _Type(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Type(name, (), {})

    def __getitem__(cls, item):
        return cls


class _StandIns:
    """Finds modules whose names can be imported and tell nothing."""

    def find_spec(self, name, path=None, target=None):
        from importlib.machinery import ModuleSpec

        if name == "_pytest.warning_types":
            # It has a warning to give.
            raise ImportError(name)
        if name.startswith("_pytest.") or name in _UNUSED or name.startswith("importlib.res"):
            return ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__getattr__ = lambda name: getattr(_Type(name, (), {}), name)


def _load():
    from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
    from types import ModuleType

    folders = PathFinder.find_spec("_pytest").submodule_search_locations
    sys.meta_path.insert(0, _StandIns())
    for name in [name for name in sys.modules if name.startswith("importlib.res")]:
        del sys.modules[name]
    package = ModuleType("_pytest")
    package.__path__ = []
    package.__spec__ = ModuleSpec("_pytest", None, is_package=True)
    sys.modules["_pytest"] = package
    loader = SourceFileLoader(NAME, os.path.join(folders[0], "assertion", "rewrite.py"))
    module = ModuleType(NAME)
    module.__file__ = loader.path
    sys.modules[NAME] = module
    loader.exec_module(module)
    return module
