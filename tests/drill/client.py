"""A client that works until it is killed; what it is to do it reads as JSON from its standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from uuid import UUID

from .drill import work_for_ever
from .ways import Place

if __name__ == "__main__":
    given = json.load(sys.stdin)
    work_for_ever(
        given["name"], Place(**given["place"]), [UUID(one) for one in given["tenants"]], Path(given["report"])
    )
