import foreign
import roots


def test_roots():
    assert (roots.ROOT, foreign.ORIGIN) == ("src", "elsewhere")
