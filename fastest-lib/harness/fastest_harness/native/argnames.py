"""Which arguments of a test or fixture function are fixture requests."""

from __future__ import annotations

import sys
from types import FunctionType

from .errors import Unsupported

#: Attributes that make a signature differ from the function's own code.
_REDIRECTS = {"__wrapped__", "__signature__"}


def mandatory_names(func, name, cls):
    """Names of the arguments of `func` that have no default and are not bound or mocked.

    `cls` is the class for a method that was taken from it unbound, under `name`.
    """
    if type(func) is FunctionType and not _REDIRECTS & func.__dict__.keys():
        code = func.__code__
        if not code.co_posonlyargcount:
            count = code.co_argcount
            required = count - len(func.__defaults__ or ())
            names = code.co_varnames[:required]
            if code.co_kwonlyargcount:
                keywords = func.__kwdefaults__ or {}
                extra = code.co_varnames[count : count + code.co_kwonlyargcount]
                names += tuple(n for n in extra if n not in keywords)
            if cls is not None and not _is_static(cls, name):
                names = names[1:]
            return names
    return _from_signature(func, name, cls)


def _is_static(cls, name):
    for base in cls.__mro__:
        if name in base.__dict__:
            return isinstance(base.__dict__[name], staticmethod)
    return False


def _from_signature(func, name, cls):
    import inspect

    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            signature = inspect.signature(func, annotation_format=Format.STRING)
        else:
            signature = inspect.signature(func)
    except (ValueError, TypeError) as error:
        raise Unsupported(f"arguments of {name} cannot be determined") from error
    parameters = signature.parameters.values()
    wanted = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = tuple(
        p.name for p in parameters if p.kind in wanted and p.default is inspect.Parameter.empty
    )
    positional_only = any(p.kind is inspect.Parameter.POSITIONAL_ONLY for p in parameters)
    if cls is not None and not (positional_only or inspect.ismethod(func) or _is_static(cls, name)):
        names = names[1:]
    if hasattr(func, "__wrapped__"):
        names = names[_mocked(func) :]
    return names


def _mocked(func):
    """How many leading arguments `mock.patch` decorators supply."""
    patchings = getattr(func, "patchings", None)
    if not patchings:
        return 0
    defaults = [
        sys.modules[name].DEFAULT for name in ("mock", "unittest.mock") if name in sys.modules
    ]
    return sum(
        1
        for patching in patchings
        if not patching.attribute_name and any(patching.new is d for d in defaults)
    )


def default_names(func):
    """Names of the arguments of `func` that have a default."""
    import inspect

    wanted = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(
        p.name
        for p in inspect.signature(func).parameters.values()
        if p.kind in wanted and p.default is not inspect.Parameter.empty
    )
