from pkg.fixtures import no_fixture, original_name, parametrized, uses


def test_with(uses): pass


def test_renamed(renamed): pass


def test_override(parametrized): pass
