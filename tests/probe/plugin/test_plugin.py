#: fixture of a plugin named by -p
def test_plugin(from_plugin):
    assert from_plugin in ("plugin", "plugin, other")


#: fixture of pytest_plugins over that of -p
def test_other(from_plugin):
    assert from_plugin == "plugin, other"


#: tests grouped by a session fixture's parameter
def test_session_one(session_param):
    pass


def test_session_two(session_param):
    pass
