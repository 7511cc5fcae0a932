import pytest


@pytest.fixture(scope="session", params=[1, 2])
def both(request):
    yield request.param


class TestC:
    @pytest.fixture(autouse=True)
    def auto(self, tmp_path, monkeypatch, capsys, capfd, tmp_path_factory):
        yield

    @pytest.mark.xfail(reason="x")
    def test_method(self, both): pass
