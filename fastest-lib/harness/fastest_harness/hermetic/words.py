"""What is said of an access that was not declared: one line, with what would allow it."""

import json

_WORDS = {
    "read": "undeclared read of {what}",
    "import": "undeclared import of {what}",
    "list": "undeclared listing of {what}",
    "run": "undeclared program {what}",
    "write": "undeclared write to {what}",
    "make": "undeclared folder {what}",
    "connect": "undeclared connection to {what}",
    "lookup": "undeclared lookup of the host {what}",
    "signal": "undeclared signal to {what}",
}


class Words:
    """Says what happened, in terms of the build that declares."""

    def __init__(self, declaration, rootdir):
        self._rootdir = rootdir
        self._kind, self._label = "pyproject", ""
        if isinstance(declaration, dict):
            ((self._kind, self._label),) = declaration.items()

    def line(self, kind, what, place, detail=""):
        """One line: what was touched, where from, and the declaration that would allow it."""
        said = _WORDS[kind].format(what=what) + detail
        if place:
            said += f", from {place}"
        remedy = self._remedy(kind, what)
        return f"{said}; to allow it: {remedy}" if remedy else said

    def _remedy(self, kind, what):
        if kind == "signal":
            return ""
        if self._kind == "pyproject":
            return self._by_setting(kind, what)
        return self._by_attribute(kind, what)

    def _by_setting(self, kind, what):
        table = "[tool.fastest.hermetic]"
        if kind in ("connect", "lookup"):
            return f'{table} network = "host"'
        if kind in ("write", "make"):
            folder = what if kind == "make" else what.rpartition("/")[0] or "."
            return f"{table} outputs = {json.dumps([folder])}"
        return f"{table} data = {json.dumps([what], ensure_ascii=False)}"

    def _by_attribute(self, kind, what):
        if kind in ("connect", "lookup"):
            return f'tags = ["requires-network"] and network = "host" of {self._label}'
        if kind in ("write", "make"):
            return "write below $TEST_TMPDIR or $TEST_UNDECLARED_OUTPUTS_DIR"
        package = self._label.partition("//")[2].partition(":")[0]
        prefix = f"{package}/" if package else ""
        folder, _, name = what.rpartition("/")
        if kind == "import" or what.endswith(".py"):
            return f'deps = ["//{folder}"] of {self._label}, the library that has {name}'
        if what.startswith(prefix) and not what.startswith("/"):
            return f"data = {json.dumps([what[len(prefix) :]])} of {self._label}"
        return f"data = {json.dumps([f'//{folder}:{name}'])} of {self._label}"
