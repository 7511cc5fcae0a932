def test_first(first_fixture): pass


def test_own(own): pass


def test_overridden(overridden): pass


def test_uses(uses): pass
