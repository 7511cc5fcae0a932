"""Prints as JSON what CPython's parser finds in the files of the standard library and of
site-packages: a line for each file, with its imports and those of its strings that look like
names or paths."""

import ast
import json
import os
import re
import sysconfig
import warnings

warnings.simplefilter("ignore")

DOTTED = re.compile(r"\.*[^\W\d]\w*([.:][^\W\d]\w*)*")
EXTENSION = re.compile(r".*\.\w{1,8}", re.DOTALL)
CONDITIONAL = [
    "If",
    "Try",
    "TryStar",
    "For",
    "AsyncFor",
    "While",
    "Match",
    "match_case",
    "ExceptHandler",
]


def is_kept(value):
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        # A surrogate is no character.
        return False
    if not 0 < length <= 255 or "\n" in value or "\r" in value:
        return False
    # These may be split where something is computed.
    if "://" in value or "%" in value or "{" in value:
        return False
    if DOTTED.fullmatch(value) and value.count(":") <= 1 and ("." in value or ":" in value):
        return True
    has_blank = " " in value or "\t" in value
    if "/" in value or not has_blank and any(c in value for c in "\\*?"):
        return True
    return not has_blank and bool(EXTENSION.fullmatch(value))


def strings(node, found):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if not isinstance(value, ast.Constant):
                strings(value, found)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_kept(node.value):
        found.add(node.value)
    for child in ast.iter_child_nodes(node):
        # A later part of a sum is kept only if it looks like a path.
        is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
        if is_sum and child is node.right and isinstance(child, ast.Constant):
            continue
        strings(child, found)


def is_type_checking(test):
    if isinstance(test, ast.Name):
        return test.id == "TYPE_CHECKING"
    if not isinstance(test, ast.Attribute) or test.attr != "TYPE_CHECKING":
        return False
    while isinstance(test, ast.Attribute):
        test = test.value
    return isinstance(test, ast.Name)


def assigns_type_checking(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = [node.target]
        else:
            continue
        names = [
            name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
        ]
        is_false = isinstance(node.value, ast.Constant) and node.value.value is False
        if "TYPE_CHECKING" in names and node.value is not None and not is_false:
            return True
    return False


class Imports:
    def __init__(self, tree, lines):
        self.lines = lines
        self.counts = not assigns_type_checking(tree)
        self.found = []
        self.body(tree.body, "Module")

    def body(self, nodes, context):
        for node in nodes:
            self.statement(node, context)

    def is_elif(self, node):
        return self.lines[node.lineno - 1][node.col_offset :].startswith(b"elif")

    def statement(self, node, context):
        if isinstance(node, ast.Import):
            for name in node.names:
                self.found.append([node.lineno, 0, name.name, [], context])
        elif isinstance(node, ast.ImportFrom):
            names = [name.name for name in node.names]
            self.found.append([node.lineno, node.level, node.module or "", names, context])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.body(node.body, context if context == "TypeChecking" else "Function")
        elif isinstance(node, ast.If):
            conditional = "Conditional" if context == "Module" else context
            inner = other = conditional
            if self.counts and not self.is_elif(node):
                if is_type_checking(node.test):
                    inner = "TypeChecking"
                is_unary = isinstance(node.test, ast.UnaryOp)
                is_negated = is_unary and isinstance(node.test.op, ast.Not)
                is_else = node.orelse and not self.is_elif(node.orelse[0])
                if is_negated and is_type_checking(node.test.operand) and is_else:
                    other = "TypeChecking"
            self.body(node.body, inner)
            self.body(node.orelse, other)
        else:
            if type(node).__name__ in CONDITIONAL and context == "Module":
                context = "Conditional"
            for field in ["body", "cases", "handlers", "orelse", "finalbody"]:
                self.body(getattr(node, field, []), context)


def files():
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}:
        for path, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if name != "site-packages"]
            for name in names:
                if name.endswith(".py"):
                    yield os.path.join(path, name)


for path in files():
    try:
        with open(path, "rb") as file:
            source = file.read()
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError):
        continue
    found = set()
    strings(tree, found)
    if b"\\N{" in source:
        # What an escape by name stands for is not known to the scanner.
        found = {value for value in found if value.isascii()}
    imports = Imports(tree, source.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")).found
    print(json.dumps({"path": path, "imports": imports, "strings": sorted(found)}))
