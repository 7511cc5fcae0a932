CALLS = []


def setup_module():
    CALLS.append("package")
