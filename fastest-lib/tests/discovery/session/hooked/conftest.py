def pytest_collection_modifyitems(items):
    items.reverse()
