def test_from_star(): pass
