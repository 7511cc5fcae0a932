def setup_module():
    pass
