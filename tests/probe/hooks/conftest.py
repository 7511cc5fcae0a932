import pytest


def pytest_addoption(parser):
    parser.addoption("--probe-slow", action="store_true", default=False)
    parser.addini("probe_setting", "a setting", default="unset")


def pytest_configure(config):
    config.addinivalue_line("markers", "added: by the conftest")
    config.probe = "configured"


def pytest_collection_modifyitems(config, items):
    if config.getoption("--probe-slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="slow"))
    items.sort(key=lambda item: "last" in item.name)


def pytest_runtest_setup(item):
    if item.name == "test_setup_hook":
        pytest.skip("by the hook")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if item.name == "test_report_hook" and call.when == "call":
        report.outcome = "passed"
        report.longrepr = None
    return report


def pytest_itemcollected(item):
    if item.name == "test_renamed":
        item.add_marker("renamed")


def pytest_make_parametrize_id(config, val, argname):
    return f"{argname}={val}" if isinstance(val, int) else None


def pytest_pycollect_makeitem(collector, name, obj):
    if name == "check_made":
        return pytest.Function.from_parent(collector, name=name)


def pytest_assertrepr_compare(op, left, right):
    return ["compared"] if isinstance(left, complex) else None


@pytest.fixture
def option(request):
    return request.config.getoption("--probe-slow")
