import pytest


#: unknown mark with --strict-markers (file)
@pytest.mark.unknown
def check_unknown():
    pass
