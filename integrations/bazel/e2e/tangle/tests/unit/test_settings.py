from apps.shop.settings import URLS


def test_urls():
    assert URLS
