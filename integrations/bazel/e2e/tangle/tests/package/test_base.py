class Base:
    expected = 1

    def test_value(self):
        assert self.value() == self.expected


class TestOne(Base):
    def value(self):
        return 1
