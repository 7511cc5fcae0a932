"""A plugin of Fastest: tests with a budget of time."""

from __future__ import annotations

from time import perf_counter

import pytest
from fastest_harness.plugin import Plugin


class OverBudget(AssertionError):
    """A test passed, but too late."""


class Budgets(Plugin):
    """Fails tests that take longer than their mark `budget` allows."""

    name = "budgets"

    def configure(self, config):
        self.spent = {}

    def fixtures(self):
        return Fixtures()

    def collected(self, items):
        # Whoever has no time at all need not begin.
        items[:] = [item for item in items if budget_of(item) != 0]

    def takes(self, item):
        return budget_of(item) is not None

    def around(self, item, when):
        start = perf_counter()
        yield
        if when == "call":
            spent = self.spent[item.nodeid] = perf_counter() - start
            if spent > budget_of(item):
                raise OverBudget(f"{item.name} has a budget of {budget_of(item)} s")

    def report(self, item, report):
        if report["when"] == "call" and item.nodeid in self.spent:
            rest = budget_of(item) - self.spent.pop(item.nodeid)
            word = "left" if rest >= 0 else "missing"
            report.setdefault("sections", []).append(["Budget", f"{abs(rest):.3f} s {word}\n"])


class Fixtures:
    """What every test may ask for."""

    @pytest.fixture
    def attempts(self):
        return range(3)


def budget_of(item):
    """The seconds of the nearest mark `budget`, or None."""
    mark = item.get_closest_marker("budget")
    return mark.args[0] if mark is not None else None
