"""Parametrization: from marks and parametrized fixtures to planned calls."""

from __future__ import annotations

from .argnames import default_names
from .errors import Unsupported
from .fixtures import FixtureDef
from .nodes import CLASS, FUNCTION, LEVELS, MODULE, SESSION, CallSpec

__tracebackhide__ = True


class DirectParam(FixtureDef):
    """Serves a directly parametrized argument to fixtures that ask for it by name."""

    __slots__ = ()

    def __init__(self, argname, level):
        super().__init__(argname, _param_of, level, native=True)

    def execute(self, request):
        if self.level != FUNCTION:
            super().execute(request)
            return
        # At function scope there is nothing to cache and nothing to finish: what depends on
        # the value is finished with the test itself.
        self.finalizers.clear()
        self.cached_result = (request.param, None, None)


def _param_of(request):
    return request.param


def names_of(argnames):
    """The argument names of one parametrization, given as text or as a sequence."""
    if isinstance(argnames, str):
        return [name.strip() for name in argnames.split(",") if name.strip()]
    return list(argnames)


def arguments_of(mark):
    """(argnames, argvalues, indirect, ids, scope) of a parametrize mark."""

    def unpack(argnames, argvalues, indirect=False, ids=None, scope=None):
        return argnames, argvalues, indirect, ids, scope

    if len(mark.args) > 2 and _takes_names_only():
        raise Unsupported("parametrize: too many positional arguments")
    try:
        return unpack(*mark.args, **mark.kwargs)
    except TypeError as error:
        raise Unsupported(f"parametrize: {error}") from None


def _takes_names_only():
    """Whether this pytest takes all but the names and values by keyword."""
    from _pytest.python import Metafunc as PytestMetafunc

    return PytestMetafunc.parametrize.__code__.co_argcount == 3


def _counts_direct_by_call():
    """Whether the index of a direct argument is that of the call, not that of its value."""
    from _pytest.python import Metafunc as PytestMetafunc

    return hasattr(PytestMetafunc, "_recompute_direct_params_indices")


def direct_names(marks):
    """The arguments that `marks` parametrize directly, so that no fixture serves them."""
    result = set()
    for mark in marks:
        argnames, _, indirect, _, _ = arguments_of(mark)
        names = names_of(argnames)
        result.update(n for n in names if not _is_indirect(n, names, indirect))
    return result


def _is_indirect(name, names, indirect):
    if isinstance(indirect, bool):
        return indirect
    if isinstance(indirect, str) or not isinstance(indirect, (list, tuple)):
        raise Unsupported("parametrize: indirect is neither a bool nor a sequence")
    if any(other not in names for other in indirect):
        raise Unsupported("parametrize: indirect names an unknown argument")
    return name in indirect


class Metafunc:
    """Plans the calls of one test function; what `pytest_generate_tests` gets."""

    def __init__(self, info, definition, config):
        #: The function as a node, not yet one of its calls.
        self.definition = definition
        self.config = config
        self.module = definition.module
        self.cls = definition.cls
        self.function = info.func
        #: Names of the fixtures that the function needs; hooks may add some.
        self.fixturenames = list(info.closure)
        self._info = info
        self._arg2fixturedefs = info.definitions
        self._nodeid = definition.nodeid
        self._direct = []
        #: The parametrize marks with their arguments.
        self._marked = []
        #: The plan; its name is pytest's.
        self._calls = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unsupported(f"metafunc.{name}")

    def run(self, marks, generators=(), hook=None):
        """The calls, or none if the function has no parameters.

        Parametrized fixtures count first, then the parametrize `marks`, nearest first; the
        `pytest_generate_tests` functions `generators` before both, the last first. With `hook`,
        pytest's hook calls these, those of conftests and plugins, and the two steps.
        """
        self._marked = [(mark, arguments_of(mark)) for mark in marks]
        if hook is not None:
            _call_all(hook, generators, self)
        else:
            for generator in reversed(generators):
                _call_hook(generator, self)
            self.add_fixtures()
            self.add_marks()
        if self._direct and _counts_direct_by_call():
            for argname in self._direct:
                for index, call in enumerate(self._calls):
                    call.indices[argname] = index
        return self._calls

    def add_fixtures(self):
        """Multiply the calls by the parameters of fixtures that no mark parametrizes."""
        taken = {name for _, arguments in self._marked for name in names_of(arguments[0])}
        for argname in self.fixturenames:
            if argname not in taken:
                self._from_fixture(argname)

    def add_marks(self):
        """Multiply the calls by the parameters of the marks."""
        for mark, arguments in self._marked:
            self._add(*arguments, mark=mark)

    def parametrize(
        self,
        argnames,
        argvalues,
        *positional,
        indirect=False,
        ids=None,
        scope=None,
        _param_mark=None,
    ):
        """Multiply the calls by parameter sets, as the mark of the same name does."""
        if positional:
            if _takes_names_only() or len(positional) > 3:
                raise Unsupported("parametrize: too many positional arguments")
            indirect, ids, scope = (*positional, indirect, ids, scope)[:3]
        self._add(argnames, argvalues, indirect, ids, scope, mark=_param_mark)

    def _from_fixture(self, argname):
        for fixturedef in reversed(self._info.definitions.get(argname, ())):
            if fixturedef.params is not None:
                scope = fixturedef.scope
                self._add(argname, fixturedef.params, True, fixturedef.ids, scope, mark=None)
                return
            if argname not in fixturedef.argnames:
                return

    def _add(self, argnames, argvalues, indirect, ids, scope, mark):
        from _pytest.mark.structures import ParameterSet

        func = self._info.func
        try:
            argnames, sets = ParameterSet._for_parametrize(
                argnames, argvalues, func, self.config, nodeid=self._nodeid
            )
        except (Exception, _outcome()) as error:
            raise Unsupported(f"parametrize: {type(error).__name__}") from None
        argnames = list(argnames)
        self._validate(argnames)
        level = self._level(argnames, indirect, scope)
        source = mark._param_ids_from if mark is not None else None
        generated = source._param_ids_generated if source is not None else None
        ids = self._ids(argnames, ids if generated is None else generated, sets)
        if source is not None and generated is None:
            object.__setattr__(source, "_param_ids_generated", ids)
        self._register_direct(argnames, indirect, level)
        self._multiply(argnames, sets, ids, level)

    def _validate(self, argnames):
        if "request" in argnames:
            raise Unsupported("parametrize: request is a reserved name")
        for name in argnames:
            if name not in self.fixturenames:
                kind = "default" if name in default_names(self._info.func) else "unknown"
                raise Unsupported(f"parametrize: {kind} argument {name!r}")

    def _level(self, argnames, indirect, scope):
        if scope is not None:
            level = LEVELS.get(scope)
            if level is None:
                raise Unsupported(f"parametrize: scope {scope!r}")
            return level
        every = len(indirect) == len(argnames) if not isinstance(indirect, bool) else indirect
        if not every:
            return FUNCTION
        definitions = self._info.definitions
        used = [definitions[name][-1].level for name in argnames if name in definitions]
        return min(used, default=FUNCTION)

    def _register_direct(self, argnames, indirect, level):
        owner = self._owner(level)
        for name in argnames:
            if _is_indirect(name, argnames, indirect):
                continue
            self._direct.append(name)
            if owner is None:
                fixturedef = DirectParam(name, level)
            else:
                known = owner.__dict__.setdefault("direct_params", {})
                fixturedef = known.get(name)
                if fixturedef is None:
                    fixturedef = known[name] = DirectParam(name, level)
            self._info.definitions[name] = [fixturedef]

    def _owner(self, level):
        if level == FUNCTION:
            return None
        node = self.definition.parent
        wanted = MODULE if level == CLASS and node.level == MODULE else level
        # Without a package, its scope is that of the session.
        while node.level != wanted and node.level != SESSION:
            node = node.parent
        return node

    def _multiply(self, argnames, sets, ids, level):
        from _pytest.mark.structures import normalize_mark_list

        from .marks import check_marks

        calls = []
        marks_of = []
        for parameters in sets:
            marks = list(normalize_mark_list(parameters.marks)) if parameters.marks else []
            check_marks(marks)
            marks_of.append(marks)
        for call in self._calls or [CallSpec({}, {}, {}, [], [])]:
            if any(name in call.params for name in argnames):
                raise Unsupported("parametrize: an argument is parametrized twice")
            levels = {**call._levels, **dict.fromkeys(argnames, level)}
            for index, parameters in enumerate(sets):
                name = ids[index]
                calls.append(
                    CallSpec(
                        {**call.params, **dict(zip(argnames, parameters.values))},
                        {**call.indices, **dict.fromkeys(argnames, index)},
                        levels,
                        [*call._idlist, name] if isinstance(name, str) else call._idlist,
                        [*call.marks, *marks_of[index]],
                    )
                )
        self._calls = calls

    def _ids(self, argnames, ids, sets):
        if ids is None and not _has_id_hook(self.config):
            simple = _simple_ids(sets)
            if simple is not None:
                return simple
        return self._made_ids(argnames, ids, sets)

    def _made_ids(self, argnames, ids, sets):
        import itertools

        from _pytest.python import IdMaker

        function = listed = None
        if callable(ids):
            function = ids
        elif ids is not None:
            try:
                count = len(ids)
            except TypeError:
                count = len(sets)
            if count not in (0, len(sets)):
                raise Unsupported("parametrize: wrong number of ids")
            try:
                listed = list(itertools.islice(ids, count))
            except TypeError:
                raise Unsupported("parametrize: ids cannot be iterated") from None
        extra = {}
        if "func_name" in getattr(IdMaker, "__slots__", ()):
            extra["func_name"] = self._info.func.__name__
        maker = IdMaker(argnames, sets, function, listed, self.config, nodeid=self._nodeid, **extra)
        try:
            return maker.make_unique_parameterset_ids()
        except (Exception, _outcome()) as error:
            raise Unsupported(f"parametrize ids: {type(error).__name__}") from None


def _has_id_hook(config):
    """Whether somebody else may name parameters."""
    listed = getattr(config.hook.pytest_make_parametrize_id, "get_hookimpls", None)
    return listed is not None and bool(listed())


def _call_hook(hook, metafunc):
    """Call a `pytest_generate_tests`, which may take the metafunc or nothing."""
    from pluggy._hooks import varnames

    arguments, _ = varnames(hook)
    if any(name != "metafunc" for name in arguments):
        raise Unsupported(f"pytest_generate_tests takes {', '.join(arguments)}")
    try:
        hook(*[metafunc] * len(arguments))
    except (Exception, _outcome()) as error:
        raise Unsupported(f"pytest_generate_tests: {type(error).__name__}") from None


def _call_all(hook, generators, metafunc):
    try:
        hook.call_extra(generators, {"metafunc": metafunc})
    except (Exception, _outcome()) as error:
        raise Unsupported(f"pytest_generate_tests: {type(error).__name__}") from None


def _outcome():
    from _pytest.outcomes import OutcomeException

    return OutcomeException


def _simple_ids(sets):
    """Ids of parameter sets that hold only numbers and short plain text, or None."""
    result = []
    for parameters in sets:
        if parameters.id is not None:
            return None
        parts = []
        for value in parameters.values:
            kind = type(value)
            if kind is str:
                if len(value) > 100 or not value.isascii() or not value.isprintable():
                    return None
                if "\\" in value:
                    return None
                parts.append(value)
            elif kind is int or kind is bool or kind is float or value is None:
                parts.append(str(value))
            else:
                return None
        result.append("-".join(parts))
    return result if len(set(result)) == len(result) else None
