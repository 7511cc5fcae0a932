"""The one way in which the native engine says "not mine"."""

from __future__ import annotations

#: The first `Unsupported` raised since the last `take_pending()`. Test code may swallow the
#: exception (`except BaseException`), so the engine trusts this list and not the unwinding.
#: It is always the same list: who asks after each test may hold on to it.
pending = _pending = []


class Unsupported(BaseException):
    """Raised where something is met that the native engine does not model exactly.

    It derives from `BaseException` so that ordinary `except Exception` clauses of a test do not
    turn it into a passed test. `reason` is one short line for people.
    """

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason
        if not _pending:
            _pending.append(reason)


def as_pytest(error):
    """`error`, noted to be the very one that pytest raises, whoever raises it here."""
    error._fastest_as_pytest = True
    return error


def is_as_pytest(error):
    """Whether `error` went through `as_pytest`."""
    return getattr(error, "_fastest_as_pytest", False)


def take_pending():
    """The reason of the first `Unsupported` since the last call, or None; forgets it."""
    if _pending:
        reason = _pending[0]
        _pending.clear()
        return reason
    return None


def is_pending():
    """Whether an `Unsupported` was raised since the last `take_pending()`."""
    return bool(_pending)


class Shield:
    """Context in which `Unsupported` concerns something else than the running test."""

    def __enter__(self):
        self._outer = list(_pending)
        _pending.clear()

    def __exit__(self, *_):
        _pending[:] = self._outer
