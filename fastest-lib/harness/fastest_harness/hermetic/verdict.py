"""Failures for what was not declared.

Every result passes the worker's channel; here it is given the class that looks, before it lets one
pass, whether an undeclared access was seen meanwhile.  No mark, plugin or `try` can undo that: what
a test did not declare, its outcome may depend on.
"""

from fastest_harness.channel import Channel


def judge(channel, watch):
    """Have the channel hold results against what `watch` sees."""
    channel.__class__ = JudgedChannel
    channel.watch = watch
    channel.seq = None


class JudgedChannel(Channel):
    """A channel whose results fail for what was not declared."""

    def loading(self, seq):
        super().loading(seq)
        self.seq = seq

    def collected(self, seq, ids, deselected):
        super().collected(seq, ids, deselected)
        self.seq = seq
        self._fail_file(seq)

    def collect_report(self, seq, outcome, longrepr, sections, nodeid=None):
        lines = self.watch.take()
        if lines:
            outcome, longrepr = "failed", _failure(lines, longrepr)
        super().collect_report(seq, outcome, longrepr, sections, nodeid)

    def deopt(self, seq, reason, ids):
        # The other engine meets the same again.
        self.watch.take()
        super().deopt(seq, reason, ids)

    def result(self, seq, index, reports):
        lines = self.watch.take()
        if lines:
            reports = _failed(reports, lines)
        super().result(seq, index, reports)

    def cut_short(self, seq, index, reports):
        lines = self.watch.take()
        if lines:
            reports = _failed(reports, lines)
        super().cut_short(seq, index, reports)

    def done(self, seq):
        # What fixtures of the session did after the last result.
        self._fail_file(seq)
        super().done(seq)

    def finish(self):
        """The end of the worker: of what was seen since the last result, the file has the blame."""
        if self.seq is not None:
            self._fail_file(self.seq)

    def _fail_file(self, seq):
        lines = self.watch.take()
        if lines:
            super().collect_report(seq, "failed", _failure(lines, None), [], None)


def _failure(lines, longrepr):
    """A representation that says `lines`, and after them what was said before."""
    text = "\n".join(lines)
    shown = text
    if isinstance(longrepr, dict) and longrepr.get("text"):
        shown = "{}\n\n{}".format(longrepr["text"], text)
    return {"message": lines[0], "text": shown}


def _failed(reports, lines):
    """The reports of a test, of which the call, or the last phase before it, has failed."""
    if all(isinstance(report, float) for report in reports):
        names = ("setup", "call", "teardown")
        reports = [
            {"when": when, "outcome": "passed", "duration": duration}
            for when, duration in zip(names, reports)
        ]
    chosen = next((report for report in reports if report["when"] == "call"), reports[0])
    chosen["longrepr"] = _failure(lines, chosen.get("longrepr"))
    chosen["outcome"] = "failed"
    chosen.pop("wasxfail", None)
    return reports
