URLS = "apps.shop.urls"
HANDLERS = ["apps.shop.handlers:Main"]
