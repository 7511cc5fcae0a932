"""Imports what a pytest session always imports, so that workers are forked with it."""

import importlib

from _pytest.config import default_plugins

for _name in default_plugins:
    importlib.import_module("_pytest." + _name)
