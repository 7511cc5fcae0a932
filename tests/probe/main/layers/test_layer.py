#: fixture overridden by a conftest
def test_override(overridden):
    assert overridden == "root, layer"


#: autouse fixture of a conftest
def test_autouse(request):
    assert request.node.layer == "layer"


#: session fixture of a conftest
def test_session(session_list):
    session_list.append(1)
    assert session_list


#: fixture with params of a conftest above
def test_params(root_param):
    assert root_param in "pq"
