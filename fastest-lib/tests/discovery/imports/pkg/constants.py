import enum

__all__ = ["CASES", "PAIRS", "TABLE", "_PRIVATE"]

CASES = ["one", "two"] + ["three"]
PAIRS = [(1, "a"), (2, "b")]
TABLE = {"k1": 1, "k2": 2}
_PRIVATE = ("p",)
HIDDEN = [1, 2, 3]
