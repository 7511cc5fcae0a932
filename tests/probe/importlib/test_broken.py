#: module that cannot be imported by importlib (file)
import no_such_module_at_all  # noqa: F401


def test_never():
    raise AssertionError
