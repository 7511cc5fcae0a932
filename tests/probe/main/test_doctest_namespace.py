#: doctest_namespace
def test_doctest_namespace(doctest_namespace):
    assert isinstance(doctest_namespace, dict)
