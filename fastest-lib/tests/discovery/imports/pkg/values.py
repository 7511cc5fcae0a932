import enum
from dataclasses import dataclass
from typing import NamedTuple


class Color(enum.Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1
    BLUE = enum.auto


class Fruit(enum.Enum):
    APPLE = "apple"
    PEAR = "pear"
    POMME = "apple"

    def describe(self): return self.value


class Text(str, enum.Enum):
    X = "ex"
    Y = "why"


class Auto(enum.Enum):
    FIRST = enum.auto()
    SECOND = enum.auto()


class Numbered(enum.IntEnum):
    ONE = 1


class Odd(enum.Enum):
    A = 1

    def __str__(self): return "odd"


@dataclass
class Case:
    name: str
    number: int = 0


class Row(NamedTuple):
    a: int


class Plain: pass


class Failure(ValueError): pass


def function(): pass


CASE_LIST = [Case("a"), Case("b", 2)]
