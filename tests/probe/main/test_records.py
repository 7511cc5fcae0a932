#: record_xml_attribute
def test_record_xml_attribute(record_xml_attribute):
    record_xml_attribute("key", 1)


#: record_testsuite_property
def test_record_testsuite_property(record_testsuite_property):
    record_testsuite_property("key", 1)
