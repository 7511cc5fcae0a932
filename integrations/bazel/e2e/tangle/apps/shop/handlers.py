from core import c


class Main:
    schema = staticmethod(c.schema)
