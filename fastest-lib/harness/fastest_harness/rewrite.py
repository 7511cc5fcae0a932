"""Imports test modules with their assertions rewritten, by pytest's own rewriter.

The rewriter is slow to import and to run, so its output is cached by content: a warm run needs
neither `ast` nor pytest. A cache entry carries the digest of its source and of its own payload;
one that is torn, foreign or from another interpreter, pytest or harness is ignored and replaced.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys
from importlib import _bootstrap_external as _external
from importlib.machinery import PathFinder, SourceFileLoader

#: Changes whenever the shape of the cached code changes.
_SCHEMA = 2
_KEY = 0x66617374657374
_MAGIC = b"FSTR"
_HELPERS = "fastest_harness.native.assertions"


def _digest(data):
    return _imp.source_hash(_KEY, data)


class CodeCache:
    """Rewritten code objects on disk, one file per distinct source text."""

    def __init__(self, directory, pytest_text):
        self._directory = directory
        tag = f"{sys.implementation.cache_tag}-{sys.hexversion:x}-pytest-{pytest_text}-{_SCHEMA}"
        if sys.flags.optimize:
            tag += f"-o{sys.flags.optimize}"
        self._tag = tag
        self._head = _MAGIC + _digest(tag.encode())

    def _path(self, source):
        name = f"{_digest(source).hex()}-{len(source):x}.{self._tag}.bin"
        return os.path.join(self._directory, name)

    def load(self, source, filename):
        """The cached code of `source`, with its file name set to `filename`, or None."""
        try:
            with open(self._path(source), "rb") as file:
                data = file.read()
        except OSError:
            return None
        head = len(self._head)
        if data[:head] != self._head or data[head : head + 8] != _digest(source):
            return None
        payload = data[head + 16 :]
        if data[head + 8 : head + 16] != _digest(payload):
            return None
        code = marshal.loads(payload)
        _imp._fix_co_filename(code, filename)
        return code

    def has(self, source):
        """Whether there is an entry for `source`, whatever it is worth."""
        return os.path.exists(self._path(source))

    def store(self, source, code):
        """Keep `code`; a directory that cannot be written is not an error."""
        payload = marshal.dumps(code)
        path = self._path(source)
        aside = f"{path}.{os.getpid()}"
        try:
            os.makedirs(self._directory, exist_ok=True)
            with open(aside, "wb") as file:
                file.write(self._head + _digest(source) + _digest(payload) + payload)
            os.replace(aside, path)
        except OSError:
            return


def compile_rewritten(source, filename, config=None, rewrite_asserts=None):
    """Compile `source` with rewritten assertions, helpers bound lazily.

    Raises what `compile` raises; `ImportError` when no pytest is installed.
    """
    import ast

    if rewrite_asserts is None:
        from _pytest.assertion.rewrite import rewrite_asserts

    tree = ast.parse(source, filename=filename)
    rewrite_asserts(tree, source, filename, config)
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname == "@pytest_ar":
                    alias.name = _HELPERS
    return compile(tree, filename, "exec", dont_inherit=True)


def prepare(paths, config, pytest_version):
    """Have the cache hold the code of test files, for a process that must not write to it later.

    What cannot be compiled says so when it is imported.
    """
    cache = CodeCache(config["cache_dir"], pytest_version.text)
    missing = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError:
            continue
        if not cache.has(source):
            missing.append((path, source))
    if not missing:
        return

    def store(rewrite_asserts=None):
        for path, source in missing:
            try:
                code = compile_rewritten(source, path, rewrite_asserts=rewrite_asserts)
            except (SyntaxError, ValueError, ImportError, RecursionError, MemoryError):
                if rewrite_asserts is not None:
                    raise
                continue
            cache.store(source, code)

    from fastest_harness import rewriter

    if rewriter.is_loaded() or not rewriter.store_apart(store):
        store()


class _Patterns:
    """`python_files` globs, matched against a module name or a path, as pytest does."""

    def __init__(self, patterns):
        self._any_directory = any("/" in pattern for pattern in patterns)
        self._patterns = [(pattern, _simple(pattern)) for pattern in patterns]

    def may_match(self, name):
        """Whether a module called `name` (last component) can be a test file at all."""
        return self._any_directory or self.matches(name + ".py", None)

    def matches(self, basename, path):
        for pattern, simple in self._patterns:
            if simple is not None:
                prefix, suffix = simple
                if (
                    len(basename) >= len(prefix) + len(suffix)
                    and basename.startswith(prefix)
                    and basename.endswith(suffix)
                ):
                    return True
                continue
            import fnmatch

            if "/" not in pattern:
                if fnmatch.fnmatch(basename, pattern):
                    return True
            elif path is not None:
                full = pattern if pattern.startswith("/") else f"*/{pattern}"
                if fnmatch.fnmatch(path, full):
                    return True
        return False


def _simple(pattern):
    if pattern.count("*") > 1 or any(char in pattern for char in "?[/"):
        return None
    prefix, star, suffix = pattern.partition("*")
    return (prefix, suffix) if star else None


class RewritingFinder:
    """Meta path finder and loader for test modules and conftests.

    Stands first on `sys.meta_path`, where pytest's own hook would stand. `on_import` maps a
    module name to a callable that runs right after that module was first imported.
    """

    def __init__(self, config, pytest_version):
        self._patterns = _Patterns(config["python_files"])
        self._cache = CodeCache(config["cache_dir"], pytest_version.text)
        self._stores = not config.get("hermetic")
        self._rewrites = pytest_version.installed
        self._by_location = config["import_mode"] == "importlib"
        self._paths = set()
        self._names = {"conftest"}
        self._marked = ()
        self._other = None
        self.on_import = {}

    def add_path(self, path):
        """Treat `path` as named on the command line: rewritten whatever its name is."""
        if path not in self._paths:
            self._paths.add(path)
            self._names.add(os.path.splitext(os.path.basename(path))[0])

    def mark_rewrite(self, *names):
        """`pytest.register_assert_rewrite`: these modules and what is below them."""
        self._marked = (*self._marked, *names)
        if self._other is not None:
            self._other.mark_rewrite(*names)

    def install(self):
        """Put the finder in front of all others."""
        sys.meta_path.insert(0, self)

    def step_forward(self, other):
        """Stand before the hook `other` of pytest's own, which was installed meanwhile."""
        self.uninstall()
        self.install()
        self._other = other

    def uninstall(self):
        """Take the finder away again."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name, path=None, target=None):
        """Importlib's protocol: a spec for what must be rewritten, else None."""
        hook = self.on_import.get(name)
        if hook is not None:
            del self.on_import[name]
            return _spec_with_hook(name, path, hook)
        last = name.rpartition(".")[2]
        if not self._rewrites or not (
            last in self._names or self._patterns.may_match(last) or self._is_marked(name)
        ):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None and self._by_location:
            spec = self._spec_of_known_path(name)
        if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        origin = spec.origin
        basename = os.path.basename(origin)
        if not (
            basename == "conftest.py"
            or origin in self._paths
            or self._patterns.matches(basename, origin)
            or self._is_marked(name)
        ):
            return None
        return _external.spec_from_file_location(
            name,
            origin,
            loader=self,
            submodule_search_locations=spec.submodule_search_locations,
        )

    def _spec_of_known_path(self, name):
        """In importlib mode a file need not be reachable from any search path."""
        tail = os.sep + name.replace(".", os.sep) + ".py"
        for known in self._paths:
            if known.endswith(tail):
                return _external.spec_from_file_location(name, known)
        return None

    def _is_marked(self, name):
        return any(name == mark or name.startswith(mark + ".") for mark in self._marked)

    def create_module(self, spec):
        """Importlib's protocol: the default module."""
        return None

    def exec_module(self, module):
        """Importlib's protocol: run the rewritten code in `module`."""
        path = module.__spec__.origin
        with open(path, "rb") as file:
            source = file.read()
        code = self._cache.load(source, path)
        if code is None:
            code = compile_rewritten(source, path)
            # Not beside the sources but in a cache of our own: `sys.dont_write_bytecode` is about
            # the former.
            if self._stores:
                self._cache.store(source, code)
        exec(code, module.__dict__)

    def get_data(self, path):
        """Optional loader method: the bytes of a file beside the module."""
        with open(path, "rb") as file:
            return file.read()

    def get_resource_reader(self, name):
        """Optional loader method, for `importlib.resources`."""
        from importlib.readers import FileReader
        from types import SimpleNamespace

        return FileReader(SimpleNamespace(path=sys.modules[name].__spec__.origin))


def _spec_with_hook(name, path, hook):
    spec = PathFinder.find_spec(name, path)
    if spec is None or spec.loader is None:
        return spec
    loader = spec.loader
    original = loader.exec_module

    def exec_module(module):
        # Only the first import is of interest: leave the loader as it was found.
        del loader.exec_module
        original(module)
        hook()

    loader.exec_module = exec_module
    return spec
