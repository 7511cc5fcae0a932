pytest_plugins = ["plugins.shared"]
