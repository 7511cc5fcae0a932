"""Puts the coverage data of a run's workers together and writes the reports.

A program: one JSON document of settings comes on standard input, one with the result goes to
standard output.
"""

import io
import json
import os
import sys

sys.path[0] = __file__.rpartition("/")[0].rpartition("/")[0]
from fastest_harness import coverage_run  # noqa: E402

del sys.path[0]

_TERMINAL = ("term", "term-missing")
#: Kind of report -> (method of coverage.py, name of its destination, setting of the default
#: destination, what is said of it)
_FILES = {
    "html": ("html_report", "directory", "html:directory", "HTML written to dir"),
    "xml": ("xml_report", "outfile", "xml:output", "XML written to file"),
    "json": ("json_report", "outfile", "json:output", "JSON written to file"),
    "lcov": ("lcov_report", "outfile", "lcov:output", "LCOV written to file"),
}


def main():
    """Read the settings, write the reports, print the result."""
    settings = json.load(sys.stdin)
    # Whatever coverage.py prints by itself must not get into the result.
    result, sys.stdout = sys.stdout, sys.stderr
    from coverage import CoverageException

    try:
        answer = _report(settings)
    except (CoverageException, OSError) as error:
        answer = {"problem": f"the coverage report cannot be made: {error}"}
    result.write(json.dumps(answer))


def _report(settings):
    measured = _combine(settings)
    fail_under = settings["fail_under"]
    if fail_under is None:
        fail_under = measured.get_option("report:fail_under") or None
    answer = {"environment": _environment(), "fail_under": fail_under, "problem": None}
    reports = dict(_kind_and_place(report) for report in settings["reports"]) or {"term": None}
    if settings["withheld"] or (not any(reports) and not fail_under):
        return answer
    if settings["precision"] is not None:
        measured.set_option("report:precision", settings["precision"])
    from coverage.exceptions import NoDataError
    from coverage.results import should_fail_under

    out = io.StringIO()
    total = 0.0
    try:
        total = measured.report(ignore_errors=True, file=io.StringIO())
        _write(measured, reports, out)
    except NoDataError as error:
        answer["problem"] = f"there is no coverage to report: {error}"
    answer.update(total=total, text=out.getvalue())
    if fail_under:
        precision = measured.get_option("report:precision")
        answer["failed"] = should_fail_under(total, fail_under, precision)
    return answer


def _environment():
    return "platform {}, python {}.{}.{}-{}-{}".format(sys.platform, *sys.version_info)


def _combine(settings):
    """What all workers saw, and what processes saw that they started; saved where the user's
    configuration wants it."""
    folder = settings["folder"]
    first = coverage_run.new(settings)
    data_file = os.path.abspath(first.get_option("run:data_file"))
    measured = coverage_run.new(settings, data_file=data_file, data_suffix="combine")
    measured.load()
    prefix = coverage_run.DATA + "."
    found = [
        os.path.join(folder, name)
        for name in sorted(os.listdir(folder))
        if name.startswith(prefix) and not name.endswith("-journal")
    ]
    measured.combine([*found, os.path.dirname(data_file)])
    _name(measured, settings["files"])
    measured.save()
    return measured


def _name(measured, files):
    """Have reports name these files also where nothing of them was executed."""
    if not files:
        return
    option = measured.get_option
    # Reports do not ask what was not to be measured: nothing of that is in the data otherwise.
    omitted = [*(option("report:omit") or ()), *(option("run:omit") or ())]
    measured.set_option("report:omit", omitted)
    measured.set_option("report:include", option("report:include") or option("run:include"))
    data = measured.get_data()
    known = {os.path.realpath(name) for name in data.measured_files()}
    if not known:
        # A file can be named only where lines or branches were measured.
        (data.add_arcs if option("run:branch") else data.add_lines)({})
    data.touch_files([name for name in map(os.path.realpath, files) if name not in known])


def _kind_and_place(report):
    kind, _, place = report.partition(":")
    return kind, place or None


def _write(measured, reports, out):
    if any(kind in reports for kind in _TERMINAL):
        measured.report(
            show_missing=("term-missing" in reports) or None,
            skip_covered=("skip-covered" in reports.values()) or None,
            ignore_errors=True,
            file=out,
        )
    if "annotate" in reports:
        place = reports["annotate"]
        measured.annotate(ignore_errors=True, directory=place)
        where = f"to dir {place}" if place else "next to source"
        out.write(f"Coverage annotated source written {where}\n")
    for kind, (method, argument, setting, said) in _FILES.items():
        if kind in reports:
            place = reports[kind]
            getattr(measured, method)(ignore_errors=True, **{argument: place})
            out.write(f"Coverage {said} {place or measured.get_option(setting)}\n")
    for kind, mode in (("markdown", "w"), ("markdown-append", "a")):
        if kind in reports:
            place = reports[kind] or "coverage.md"
            with open(place, mode, encoding="utf-8") as file:
                measured.report(ignore_errors=True, file=file, output_format="markdown")
            out.write(f"Coverage Markdown information written to file {place}\n")


main()
