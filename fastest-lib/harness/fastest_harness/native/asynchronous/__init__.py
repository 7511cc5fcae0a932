"""Async tests and fixtures, by the plugins that are installed for them.

Event loops are the plugins' own: their hooks are called on native items and fixtures, in the order
in which pytest calls them. What no plugin takes ends as pytest has it end.
"""

from .dispatch import Asynchronous, is_async

__all__ = ["Asynchronous", "is_async"]
