from pathlib import Path

CASES = Path(__file__).parent / "cases"


def test_cases():
    assert [path.name for path in CASES.iterdir()]
