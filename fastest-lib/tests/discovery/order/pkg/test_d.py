def test_package(package_wide): pass
def test_session(session_wide): pass
