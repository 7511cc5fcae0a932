"""Stand-in for `_pytest.assertion.rewrite` inside rewritten test modules.

Rewritten code touches the rewrite helpers only while it explains a failed assertion. Binding
this module instead of the real one defers the import of pytest to that moment.
"""

from __future__ import annotations


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    import _pytest.assertion.rewrite as real

    value = getattr(real, name)
    globals()[name] = value
    return value
