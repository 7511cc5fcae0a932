from pkg.fixtures import autouse_fixture


def test_one(): pass
