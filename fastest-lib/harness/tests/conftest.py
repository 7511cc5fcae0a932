import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

# Text files there look like doctests.
collect_ignore = ["hooked", "probes"]
