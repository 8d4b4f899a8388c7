"""Where modules of the user's are looked for."""

from __future__ import annotations

import sys
from pathlib import Path


def look_here_first() -> None:
    """Have modules looked for in the current directory first, as `python -m` does; a console script does not."""
    here = str(Path.cwd())
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
