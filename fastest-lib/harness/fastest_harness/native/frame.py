"""The one frame of the engine that a traceback may show.

All other modules of the engine hide theirs. An error that pytest's rules themselves raise has no
frame of a test, and pytest cannot represent a traceback of which nothing is left.
"""

from __future__ import annotations


def run_phase(function, item, marked):
    """Call `function(item, marked)`."""
    return function(item, marked)
