from pkg.guarded import VALUE


def test_one(): VALUE
