"""Parts of files: which tests of a file one request is about, when history decides that."""

from __future__ import annotations


class Part:
    """Tests told by their node ids, or by that of the class or file directly around them.

    The dispatcher makes it (`Part` in `fastest-lib/src/selection/part.rs`).
    """

    def __init__(self, request):
        part = request["part"]
        self._path = request["path"]
        self._ids = frozenset(part["ids"])
        self._wanted = part["wanted"]
        self._silent = part["silent"]

    @classmethod
    def of(cls, request):
        """The part that a request is about; ``None`` for the whole file."""
        return cls(request) if request.get("part") is not None else None

    @property
    def leaves_others(self):
        """Whether the other tests of the file are another request's."""
        return self._silent == "all"

    def _names(self, nodeid):
        return nodeid[len(self._path) :].partition("[")[0]

    def keeps(self, nodeid):
        """Whether a test is wanted."""
        around = self._path + self._names(nodeid).rpartition("::")[0]
        return (nodeid in self._ids or around in self._ids) == self._wanted

    def of_items(self, items):
        """The wanted ones of `items`."""
        return [item for item in items if self.keeps(item.nodeid)]

    def shows(self, nodeid):
        """Whether filters get to see a test."""
        if self._silent != "functions" or self.keeps(nodeid):
            return True
        return self._names(nodeid).count("::") > 1

    def counts(self, nodeid):
        """Whether a test that filters saw and that does not run is deselected."""
        return not self.leaves_others or self.keeps(nodeid)


def is_named(nodeid, ids):
    """Whether a test is one of `ids`, or below one of them; any test is where there are none."""
    return ids is None or any(
        nodeid == named or nodeid.startswith((named + "[", named + "::")) for named in ids
    )
