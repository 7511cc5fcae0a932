#: fixture overridden by two conftests
def test_override(overridden):
    assert overridden == "root, layer, inner"


#: fixture with params overridden by a conftest
def test_params(root_param):
    assert root_param == "only"


#: package fixture below its folder
def test_package(of_package):
    of_package.append(1)
    assert of_package == [1]
