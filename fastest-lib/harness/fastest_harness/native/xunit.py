"""setup_module, setup_function, setup_class, setup_method and their teardowns, as fixtures."""

from __future__ import annotations

from types import MethodType

from .fixtures import FixtureDef
from .imports import is_fixture
from .nodes import CLASS, FUNCTION, MODULE

__tracebackhide__ = True


def first_function(obj, *names):
    """The first attribute of `obj` called so that is there and no fixture, else None."""
    for name in names:
        value = getattr(obj, name, None)
        if value is not None and not is_fixture(value):
            return value
    return None


def call_with_optional(func, argument):
    """Call `func` with `argument` if it takes one."""
    count = func.__code__.co_argcount
    if isinstance(func, MethodType):
        count -= 1
    if count:
        func(argument)
    else:
        func()


def _plain(func):
    return getattr(func, "__func__", func)


def _add(holder, name, func, level):
    holder.add(FixtureDef(name, func, level, autouse=True, native=True))


def add_module_fixtures(holder, module):
    """Register what `module` defines for the module and for each of its functions."""
    names = module.__dict__
    if "__getattr__" not in names and not (
        "setup_module" in names
        or "setUpModule" in names
        or "teardown_module" in names
        or "tearDownModule" in names
        or "setup_function" in names
        or "teardown_function" in names
    ):
        return
    setup = first_function(module, "setUpModule", "setup_module")
    teardown = first_function(module, "tearDownModule", "teardown_module")
    if setup is not None or teardown is not None:

        def around_module(request):
            if setup is not None:
                call_with_optional(setup, request.module)
            yield
            if teardown is not None:
                call_with_optional(teardown, request.module)

        _add(holder, f"_xunit_setup_module_fixture_{module.__name__}", around_module, MODULE)
    before = first_function(module, "setup_function")
    after = first_function(module, "teardown_function")
    if before is not None or after is not None:

        def around_function(request):
            if request.instance is not None:
                yield
                return
            if before is not None:
                call_with_optional(before, request.function)
            yield
            if after is not None:
                call_with_optional(after, request.function)

        name = f"_xunit_setup_function_fixture_{module.__name__}"
        _add(holder, name, around_function, FUNCTION)


def add_class_fixtures(holder, cls):
    """Register what `cls` defines for the class and for each of its methods."""
    add_class_setup(holder, cls)
    before = first_function(cls, "setup_method")
    after = first_function(cls, "teardown_method")
    if before is not None or after is not None:

        def around_method(request):
            instance = request.instance
            if before is not None:
                call_with_optional(instance.setup_method, request.function)
            yield
            if after is not None:
                call_with_optional(instance.teardown_method, request.function)

        _add(holder, f"_xunit_setup_method_fixture_{cls.__qualname__}", around_method, FUNCTION)


def add_class_setup(holder, cls):
    """Register `setup_class` and `teardown_class` of `cls`."""
    setup = first_function(cls, "setup_class")
    teardown = first_function(cls, "teardown_class")
    if setup is not None or teardown is not None:

        def around_class(request):
            if setup is not None:
                call_with_optional(_plain(setup), request.cls)
            yield
            if teardown is not None:
                call_with_optional(_plain(teardown), request.cls)

        _add(holder, f"_xunit_setup_class_fixture_{cls.__qualname__}", around_class, CLASS)
