pytest_plugins = ["other_plugin"]
