"""Runs the native engine over listed files, with a list for a sink; prints what came out.

Usage: native_main.py CONFIG_JSON OUTPUT_JSON. The config has one more key, `files`: requests.
"""

from __future__ import annotations

import json
import os
import sys


class ListSink:
    """Keeps everything in memory."""

    def __init__(self, requests):
        self._requests = list(reversed(requests))
        self.frames = []
        self.ids = {}
        self.collected_ids = []
        self.results = {}
        self.deopts = {}
        self.collects = {}
        self.warnings = []
        self.finished = []
        self.deselected = 0

    def take_imports(self):
        return []

    def next_file(self):
        return self._requests.pop() if self._requests else None

    def loading(self, seq):
        pass

    def collected(self, seq, ids, n_deselected):
        self.ids[seq] = ids
        self.collected_ids.extend(ids)
        self.deselected += n_deselected

    def collect_report(self, seq, outcome, longrepr, sections):
        self.collects[seq] = [outcome, longrepr]

    def deopt(self, seq, reason, ids):
        self.deopts[seq] = [reason, ids]

    def starting(self, seq, index):
        pass

    def limit(self, seconds):
        pass

    def result(self, seq, index, reports):
        self.results[self.ids[seq][index]] = reports

    def cut_short(self, seq, index, reports):
        pass

    def captured_in(self, out, err):
        pass

    def warning(self, seq, warning):
        self.warnings.append(warning)

    def done(self, seq):
        self.finished.append(seq)

    def should_stop(self):
        return False


def main():
    config_path, output = sys.argv[1:]
    with open(config_path) as file:
        config = json.load(file)
    support = os.path.dirname(os.path.abspath(__file__))
    sys.path.remove(support)
    sys.path.append(os.path.dirname(os.path.dirname(support)))
    from fastest_harness.native import engine_for
    from fastest_harness.zygote import installed_pytest

    config.setdefault("plugins", installed_pytest(sys.path)[1])
    sink = ListSink(config.pop("files"))
    error = None
    try:
        engine_for(config, sink).run()
    except KeyboardInterrupt:
        error = "KeyboardInterrupt"
    with open(output, "w") as file:
        json.dump(
            {
                "ids": sink.collected_ids,
                "results": sink.results,
                "deopts": sink.deopts,
                "collects": sink.collects,
                "warnings": sink.warnings,
                "done": sink.finished,
                "deselected": sink.deselected,
                "error": error,
                "pytest_imported": "pytest" in sys.modules,
            },
            file,
        )


if __name__ == "__main__":
    main()
