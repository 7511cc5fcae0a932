def setup_module():
    raise ValueError("setup_module")


#: setup_module that raises
def test_one():
    pass


def test_two():
    pass
