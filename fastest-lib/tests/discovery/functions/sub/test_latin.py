# -*- coding: latin-1 -*-
def test_plain(): pass
