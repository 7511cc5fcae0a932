"""What extends both engines: the base class of plugins."""

from __future__ import annotations


class Plugin:
    """Extends a run. Every method does nothing by default.

    One instance is made in each worker. Most of its methods concern single tests; they are called
    only for those that `takes` claims, so that all others cost nothing.
    """

    #: What the plugin is called in messages; the name of the class if it is empty.
    name = ""

    def configure(self, config):
        """Called once a worker, before its first file. `config` is pytest's, or stands in for it."""

    def unconfigure(self, config):
        """Called at the end of the worker."""

    def fixtures(self):
        """A module or object whose fixtures every test sees, or None."""
        return None

    def collected(self, items):
        """Sees the tests of one file in their order, and may edit the list in place.

        A test that is taken out counts as deselected.
        """

    def takes(self, item):
        """Whether `around`, `execute` and `report` concern `item`; asked once, when it is collected."""
        return False

    def around(self, item, when):
        """A generator that wraps the phase `when` ("setup", "call" or "teardown") of `item`.

        What the phase raises is thrown into it at its one `yield`. What it raises itself becomes the
        outcome of the phase.
        """
        yield

    def execute(self, item):
        """Run the function of `item` itself; true if that was done. Asked by the native engine only."""
        return False

    def report(self, item, report):
        """Sees, and may change, the report of a phase: a dict with `when`, `outcome`, `duration`.

        There may be `longrepr`, `sections`, `wasxfail` and `properties` besides.
        """
