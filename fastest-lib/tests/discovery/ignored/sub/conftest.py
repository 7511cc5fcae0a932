collect_ignore_glob = ["inner/*"]
