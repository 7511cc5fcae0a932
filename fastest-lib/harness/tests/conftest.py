import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))

# Their texts are no doctests.
collect_ignore = ["hooked", "probes"]
