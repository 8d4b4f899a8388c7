"""Runs the Python blocks of a page in order, in one namespace: a program of its own, to leave the tests as they are.

Reads [[line, text], …] on standard input, and the page's name as its argument; prints what each block printed, as JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys


def main() -> None:
    page = sys.argv[1]
    namespace: dict[str, object] = {"__name__": "docs"}
    printed = []
    for line, text in json.load(sys.stdin):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            # blank lines before it, so that a traceback names the line of the page
            exec(compile("\n" * (line - 1) + text, page, "exec", dont_inherit=True), namespace)
        printed.append(output.getvalue())
    json.dump(printed, sys.stdout)


if __name__ == "__main__":
    main()
