"""Grouping tests that share a parameter of a wide scope, so that it is set up least often."""

from __future__ import annotations

from collections import OrderedDict, deque

from .nodes import CLASS, FUNCTION, MODULE, PACKAGE, SESSION

_HIGH = (SESSION, PACKAGE, MODULE, CLASS)


def reorder(items):
    """`items` in the order that pytest runs them."""
    if len(items) < 3 or not any(_has_wide_parameter(item) for item in items):
        return items
    keys_of = {level: {} for level in _HIGH}
    items_of = {level: {} for level in _HIGH}
    for level in _HIGH:
        for item in items:
            keys = dict.fromkeys(_keys(item, level))
            if keys:
                keys_of[level][item] = keys
                for key in keys:
                    items_of[level].setdefault(key, OrderedDict())[item] = None
    return list(_at_level(dict.fromkeys(items), keys_of, items_of, SESSION))


def _has_wide_parameter(item):
    callspec = item.__dict__.get("callspec")
    return callspec is not None and any(level != FUNCTION for level in callspec._levels.values())


def _keys(item, level):
    callspec = item.__dict__.get("callspec")
    if callspec is None:
        return
    owner = item.cls if level == CLASS else None
    for argname, value in callspec.params.items():
        if callspec._levels[argname] == level:
            yield argname, _value_key(value, callspec.indices[argname]), owner


def _value_key(value, index):
    from _pytest import fixtures

    by_value = getattr(fixtures, "ParamValueKey", None)
    return index if by_value is None else by_value(value, index)


def _at_level(items, keys_of, items_of, level):
    if level == FUNCTION or len(items) < 3:
        return items
    ignored = set()
    waiting = deque(items)
    done = {}
    while waiting:
        without = {}
        chosen = None
        while waiting:
            item = waiting.popleft()
            if item in done or item in without:
                continue
            keys = dict.fromkeys(k for k in keys_of[level].get(item, ()) if k not in ignored)
            if not keys:
                without[item] = None
                continue
            chosen, _ = keys.popitem()
            matching = [other for other in items_of[level][chosen] if other in items]
            for other in reversed(matching):
                waiting.appendleft(other)
                # Later levels must meet the items in the order decided here.
                for wide in _HIGH:
                    for key in keys_of[wide].get(other, ()):
                        items_of[wide][key][other] = None
                        items_of[wide][key].move_to_end(other, last=False)
            break
        if without:
            done.update(_at_level(without, keys_of, items_of, level - 1))
        if chosen is not None:
            ignored.add(chosen)
    return done
