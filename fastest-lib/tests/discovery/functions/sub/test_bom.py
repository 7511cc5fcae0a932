def test_with_bom(): pass

class TestC:
    def test_m(self): pass
