from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def schema():
    return (ROOT / "data" / "schema.sql").read_text()


def defaults():
    return (Path(__file__).parent / "defaults" / "values.json").read_text()
