def test_package(package_wide): pass
def test_plain(): pass
def test_package_session(session_wide, package_wide): pass
