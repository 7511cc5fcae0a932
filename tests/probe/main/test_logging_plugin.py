"""Tests that take pytest's logging plugin out and put it back, as tests of logging do."""

import logging

import pytest


def count():
    """How many handlers that capture are on the root logger."""
    return sum(
        1 for handler in logging.root.handlers if type(handler).__name__ == "LogCaptureHandler"
    )


@pytest.fixture
def without_plugin(pytestconfig):
    plugin = pytestconfig.pluginmanager.unregister(name="logging-plugin")
    # This phase began with it.
    logging.warning("in setup")
    yield plugin
    pytestconfig.pluginmanager.register(plugin, "logging-plugin")


#: the logging plugin before it is taken out
def test_handlers_before():
    assert count() == 2


#: unregister(name="logging-plugin") in a fixture
def test_no_handlers(without_plugin):
    assert without_plugin is not None
    assert count() == 0


#: unregister of a plugin that is out already
def test_unregister_twice(without_plugin, pytestconfig):
    assert pytestconfig.pluginmanager.unregister(name="logging-plugin") is None


#: records of a failing test without the logging plugin
def test_fails_without(without_plugin):
    logging.warning("nobody captures this")
    assert False


#: the logging plugin after it was put back
def test_handlers_after(caplog):
    logging.warning("captured again")
    assert caplog.messages == ["captured again"]
    assert count() == 2
