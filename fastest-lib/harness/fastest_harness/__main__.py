"""Entry point of the fork server, started by file name with the control socket as descriptor 0."""

import sys

# A child that `multiprocessing` spawns runs the main module of its parent again, by another name
# and with the `sys.path` of its parent, of which nothing is ours to take.
if __name__ == "__main__":
    # Tests must see the `sys.path` that they would see under pytest: neither this folder, which
    # Python puts there for a script, nor the one that holds the package.
    sys.path[0] = __file__.rpartition("/")[0].rpartition("/")[0]
    # The harness lies in a cache folder, where bytecode is welcome whatever the user wants of
    # sources.
    dont_write_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    from fastest_harness import zygote

    sys.dont_write_bytecode = dont_write_bytecode
    del sys.path[0]
    early = sys.argv[1:]
    sys.argv[:] = ["pytest"]
    zygote.main(*early)
