import sys

collect_ignore = []
if sys.version_info < (3, 0):
    collect_ignore.append("test_d.py")
