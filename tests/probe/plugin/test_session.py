#: session parameter across files
def test_session(session_param):
    pass
