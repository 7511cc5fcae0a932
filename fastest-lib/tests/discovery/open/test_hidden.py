from helpers import hidden_autouse


def test_one(): pass
