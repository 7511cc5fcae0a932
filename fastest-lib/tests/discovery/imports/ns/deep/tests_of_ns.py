def test_in_namespace(): pass
VALUES = [10, 20]
