"""Entry point of the fork server, started by file name with the control socket as descriptor 0."""

import sys

# Tests must see the `sys.path` that they would see under pytest: neither this folder, which
# Python puts there for a script, nor the one that holds the package.
sys.path[0] = __file__.rpartition("/")[0].rpartition("/")[0]
# The harness lies in a cache folder, where bytecode is welcome whatever the user wants of sources.
dont_write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, False
from fastest_harness import zygote  # noqa: E402

sys.dont_write_bytecode = dont_write_bytecode
del sys.path[0]
# A child that `multiprocessing` spawns runs the main module of its parent again, by another name.
if __name__ == "__main__":
    sys.argv[:] = ["pytest"]
    zygote.main()
