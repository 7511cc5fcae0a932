import pytest

#: skip of a module by importlib (file)
pytest.skip(allow_module_level=True)
