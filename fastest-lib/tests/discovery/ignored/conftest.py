import sys

collect_ignore = ["test_ignored.py", "named"]
collect_ignore.append("sub/test_b.py")
collect_ignore_glob = ["*_glob.py"]
