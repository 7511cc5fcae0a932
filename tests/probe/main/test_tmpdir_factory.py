#: tmpdir_factory
def test_tmpdir_factory(tmpdir_factory):
    assert tmpdir_factory.mktemp("data").check(dir=1)
