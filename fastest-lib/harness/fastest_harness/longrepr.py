"""The JSON form of a report's ``longrepr``, the same from both engines."""


def longrepr_of(report):
    """What a failed or skipped pytest report says about why."""
    longrepr = report.longrepr
    if isinstance(longrepr, tuple):
        path, line, reason = longrepr
        return {"reason": skip_reason(reason), "path": str(path), "line": line}
    text = _text(longrepr)
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        found = {
            "text": text,
            "message": _first_line(crash.message),
            "path": str(crash.path),
            "line": crash.lineno,
        }
        if found["message"] != crash.message:
            found["full_message"] = crash.message
        return found
    lines = [line for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    # The line that names the exception, as a traceback marks it.
    return {"text": text, "message": last[1:].strip() if last.startswith("E ") else last.strip()}


def import_failure(cause):
    """The representation of an error at import: as pytest's, without pytest's own frames."""
    from _pytest._code import ExceptionInfo
    from _pytest.config import filter_traceback

    info = ExceptionInfo.from_exc_info((type(cause), cause, cause.__traceback__))
    info.traceback = info.traceback.filter(
        lambda entry: filter_traceback(entry) and "importlib" not in str(entry.path)
    )
    return str(info.getrepr(style="short", chain=False)) if info.traceback else info.exconly()


def skip_reason(text):
    """The reason alone, which pytest gives after the name of the exception."""
    prefix = "Skipped: "
    return text[len(prefix) :] if text.startswith(prefix) else text


def _text(longrepr):
    """The text with the indentation of its first line, which ``longreprtext`` strips."""
    if not hasattr(longrepr, "toterminal"):
        return str(longrepr)
    from io import StringIO

    from _pytest._io import TerminalWriter

    stream = StringIO()
    writer = TerminalWriter(file=stream)
    writer.hasmarkup = False
    longrepr.toterminal(writer)
    return stream.getvalue().strip("\n")


def _first_line(text):
    return text.strip().partition("\n")[0]
