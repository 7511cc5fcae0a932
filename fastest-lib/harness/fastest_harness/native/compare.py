"""What pytest says of a failed comparison, as the rewritten assertion wants it."""

from __future__ import annotations

__tracebackhide__ = True


def explained(lines, config):
    """The text of an explanation given line by line, cut to pytest's limits."""
    from types import SimpleNamespace

    from _pytest.assertion import truncate

    if hasattr(truncate, "materialize_with_truncation"):
        lines = truncate.materialize_with_truncation(lines, config)
    else:
        lines = truncate.truncate_if_required(lines, SimpleNamespace(config=config))
    if not lines:
        return None
    # Doubled because the rewriter formats the explanation once more.
    return "\n~".join(line.replace("\n", "\\n") for line in lines).replace("%", "%%")
