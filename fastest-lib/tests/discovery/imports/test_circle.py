from pkg.circle_a import A


def test_a_value(): pass
