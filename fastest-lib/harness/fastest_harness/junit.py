"""What tests tell pytest's JUnit writer, for the one on the other side of the channel.

`JUnitSink` stands where pytest's own writer would: workers that wrote files of their own would
overwrite each other's.
"""

#: Families whose test cases have a place; in the others `record_property` has none.
_LEGACY = ("xunit1", "legacy")


def properties(pairs, family):
    """What `record_property` was given: as it is for events, as text for a report."""
    if family is None:
        return [[str(name), value] for name, value in pairs]
    return [[str(name), str(value)] for name, value in pairs]


def warn_of_property(node, family):
    """Issue the warning of `record_property` in families that do not know it."""
    if family is not None and family not in _LEGACY:
        from pytest import PytestWarning

        node.warn(
            PytestWarning(
                f"record_property is incompatible with junit_family '{family}' (use 'legacy' or "
                "'xunit1')"
            )
        )


class JUnitSink:
    """As far as pytest's fixtures talk to it, the JUnit writer of a session."""

    def __init__(self, family, channel):
        self.family = "xunit1" if family == "legacy" else family
        self._channel = channel
        self._attributes = []
        self._properties = {}

    def install(self, config):
        """Stand in for pytest's writer: its fixtures find it in the configuration's stash."""
        from _pytest.junitxml import xml_key

        config.stash[xml_key] = self

    def node_reporter(self, report):
        """Who takes the attributes of a test: the only one that runs."""
        return self

    def add_attribute(self, name, value):
        """`record_xml_attribute`."""
        self._attributes.append([str(name), str(value)])

    def extras(self, item):
        """What the last report of `item`, which has run, is to say besides."""
        extras = {}
        if self._attributes:
            extras["attributes"], self._attributes = self._attributes, []
        if self.family in _LEGACY:
            extras["location"] = list(item.location[:2])
        return extras

    def forget(self):
        """The test that ran is left to another worker."""
        self._attributes = []

    def add_global_property(self, name, value):
        """`record_testsuite_property`; each worker may tell of the same one."""
        __tracebackhide__ = True
        from _pytest.junitxml import _check_record_param_type

        _check_record_param_type("name", name)
        pair = (name, str(value))
        self._properties[pair] = self._properties.get(pair, 0) + 1
        self._channel.suite_property(*pair, self._properties[pair])
