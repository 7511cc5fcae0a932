"""Importing test modules and conftests by pytest's rules for the three import modes."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from . import versions
from .errors import Unsupported


def package_root(path):
    """The directory of the outermost package that holds `path`, or None.

    A package ends at the first directory without `__init__.py` or whose name no import
    statement could spell.
    """
    result = None
    directory = os.path.dirname(path)
    while True:
        if not os.path.isfile(os.path.join(directory, "__init__.py")):
            return result
        if not os.path.basename(directory).isidentifier():
            return result
        result = directory
        directory = os.path.dirname(directory)


def module_location(path):
    """(directory for `sys.path`, dotted module name) of a test file or conftest."""
    top = package_root(path)
    stem = path[:-3] if path.endswith(".py") else os.path.splitext(path)[0]
    if top is None:
        return os.path.dirname(path), os.path.basename(stem)
    root = os.path.dirname(top)
    names = os.path.relpath(stem, root).split(os.sep)
    if names[-1] == "__init__":
        names.pop()
    return root, ".".join(names)


def import_file(path, mode, rootdir):
    """Import the file at `path` and return its module.

    Raises what the module raises, and `Unsupported` where pytest reports a collection error of
    its own wording (import file mismatch) or where the rules are not modelled.
    """
    if mode == "importlib":
        return _import_by_spec(path, rootdir)
    root, name = module_location(path)
    if mode == "append":
        if root not in sys.path:
            sys.path.append(root)
    elif not sys.path or sys.path[0] != root:
        sys.path.insert(0, root)
    import_module(name)
    module = sys.modules[name]
    if os.path.basename(path) == "__init__.py":
        return module
    if os.environ.get("PY_IGNORE_IMPORTMISMATCH", "") != "1":
        origin = getattr(module, "__file__", None)
        if origin != path and not _same_file(origin, path):
            raise Unsupported(f"import file mismatch: {name} is {origin}")
    return module


def _same_file(origin, path):
    if not origin:
        return False
    if origin.endswith((".pyc", ".pyo")):
        origin = origin[:-1]
    try:
        return os.path.samefile(origin, path)
    except OSError:
        return False


def _import_by_spec(path, rootdir):
    """`--import-mode=importlib`: pytest's own function, its rules differ in every release."""
    if not versions.installed():
        raise Unsupported("importlib mode without pytest")
    from pathlib import Path

    from _pytest.pathlib import import_path

    extra = {}
    if "consider_namespace_packages" in import_path.__code__.co_varnames:
        extra["consider_namespace_packages"] = False
    return import_path(path, mode="importlib", root=Path(rootdir), **extra)


class ConftestLoader:
    """Loads each conftest once per process and says what in it is not modelled."""

    def __init__(self, mode, rootdir):
        self._mode = mode
        self._rootdir = rootdir
        self._modules = {}

    def load(self, path):
        """The module of the conftest at `path`. Raises `Unsupported` for all that fails."""
        known = self._modules.get(path)
        if known is None:
            known = self._modules[path] = self._load(path)
        if isinstance(known, str):
            raise Unsupported(known)
        return known

    def _load(self, path):
        if package_root(path) is None:
            # Conftests outside packages all share one module name.
            sys.modules.pop("conftest", None)
        try:
            module = import_file(path, self._mode, self._rootdir)
        except Unsupported as error:
            return error.reason
        except Exception as error:
            return f"conftest fails to import: {type(error).__name__}"
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return f"conftest fails to import: {type(error).__name__}"
        return unsupported_in_plugin(module) or module


def unsupported_in_plugin(module):
    """Why the conftest `module` is more than fixtures, or None."""
    for name, value in vars(module).items():
        if name.startswith("pytest_"):
            if name == "pytest_plugins":
                return "conftest sets pytest_plugins"
            if callable(value) and not is_fixture(value):
                return f"conftest hook {name}"
        elif name in ("collect_ignore", "collect_ignore_glob"):
            return f"conftest sets {name}"
    return None


def is_fixture(value):
    """Whether `value` is what `@pytest.fixture` returns, in any supported release."""
    fixtures = sys.modules.get("_pytest.fixtures")
    if fixtures is None:
        return False
    try:
        return fixtures.getfixturemarker(value) is not None
    except Exception:
        return False
