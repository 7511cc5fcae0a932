from .test_base import Base


class TestTwo(Base):
    expected = 2

    def value(self):
        return 2
