try:
    import no_such_module_here
except ImportError:
    no_such_module_here = None


def test_one(): pass
