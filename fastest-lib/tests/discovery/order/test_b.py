def test_first(): pass
def test_session(session_wide): pass
def test_last(): pass
