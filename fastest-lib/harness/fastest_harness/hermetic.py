"""A worker as a closed unit: ``fastest run --hermetic``.

Each test file has a worker of its own then.  What it may use was decided by the dispatcher; here
the process is made such that it can use nothing else, before anything of the project is imported.
"""

import os


def enter(config, channel):
    """Close this process off for the one file that it is given; changes ``config`` to fit."""
    if not channel.fetch():
        return
    own = os.path.join(os.path.dirname(config["basetemp"]), "h{}".format(config["worker"]))
    folders = {"HOME": os.path.join(own, "home"), "TMPDIR": os.path.join(own, "tmp")}
    for folder in folders.values():
        os.makedirs(folder, mode=0o700, exist_ok=True)
    os.environ.update(folders)
    config["basetemp"] = os.path.join(folders["TMPDIR"], "pytest")
