import json.decoder
import xml.etree.ElementTree as ET
from os import path
from os.path import join
from _pytest.monkeypatch import MonkeyPatch


def test_one(): pass
