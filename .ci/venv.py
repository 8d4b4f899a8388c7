"""Makes `.venv` where it is missing, half-built or older than pyproject.toml; any number of makes at once."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "complete"


def wanted() -> str:
    """Return what a finished environment has in its stamp."""
    told = (ROOT / "pyproject.toml").read_bytes() + f"{sys.version} {ROOT}".encode()
    return hashlib.sha256(told).hexdigest()


def is_complete() -> bool:
    """Tell whether there is nothing to do."""
    return STAMP.exists() and STAMP.read_text() == wanted()


def build() -> None:
    """Build it anew: an environment that another Python or a kill left behind is not worth mending."""
    print("building .venv, once: this takes half a minute", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode != 0:
        sys.exit("error: this python3 has no venv: install it (on Debian: apt-get install python3-venv)")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if subprocess.run([*pip, "--editable", f"{ROOT}[dev]"], check=False, stdout=sys.stderr).returncode != 0:
        sys.exit("error: pip could not install what app_db needs: see above, mend it, and run make again")
    STAMP.write_text(wanted())


def main() -> None:
    """Build under a lock, which the kernel releases if we are killed."""
    if sys.version_info < (3, 11):
        sys.exit(f"error: app_db needs Python 3.11, and python3 is {sys.version.split()[0]}: make PYTHON=python3.12 …")
    if is_complete():
        return
    with os.fdopen(os.open(ROOT / ".venv.lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_complete():
            build()


if __name__ == "__main__":
    main()
