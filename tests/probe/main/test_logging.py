import logging

import pytest

logger = logging.getLogger(__name__)


#: caplog.records
def test_records(caplog):
    logger.warning("said %s", 1)
    assert [record.message for record in caplog.records] == ["said 1"]


#: caplog.record_tuples, messages and text
def test_tuples(caplog):
    logger.error("bad")
    assert caplog.record_tuples == [(__name__, logging.ERROR, "bad")]
    assert caplog.messages == ["bad"] and "bad" in caplog.text


#: caplog.set_level
def test_set_level(caplog):
    caplog.set_level(logging.DEBUG, logger=__name__)
    logger.debug("fine")
    assert caplog.messages == ["fine"]


#: caplog level restored
def test_level_restored(caplog):
    logger.debug("unheard")
    assert caplog.messages == []
    assert logger.level == logging.NOTSET


#: caplog.at_level
def test_at_level(caplog):
    with caplog.at_level(logging.INFO):
        logger.info("heard")
    logger.info("unheard")
    assert caplog.messages == ["heard"]


#: caplog.clear
def test_clear(caplog):
    logger.warning("gone")
    caplog.clear()
    assert caplog.records == []


@pytest.fixture
def logs():
    logger.warning("setup")


#: caplog.get_records
def test_get_records(logs, caplog):
    logger.warning("call")
    assert [r.message for r in caplog.get_records("setup")] == ["setup"]
    assert [r.message for r in caplog.get_records("call")] == ["call"]


#: caplog.filtering
def test_filtering(caplog):
    class Never(logging.Filter):
        def filter(self, record):
            return False

    with caplog.filtering(Never()):
        logger.warning("dropped")
    assert caplog.records == []


#: logging that cannot format
def test_broken_format():
    logger.warning("%d", "text")
