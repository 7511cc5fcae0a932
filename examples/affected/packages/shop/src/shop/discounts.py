import importlib


def discounted(price, season):
    plugin = importlib.import_module(f"shop.discount_{season}")
    return price * (100 - plugin.PERCENT) / 100
