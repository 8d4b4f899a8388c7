"""Writes the URLs with their passwords to a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from ..errors import BootstrapError
from ..settings import LoginUrl
from .report import BootstrapReport, plain_url

_PREFIX_VARIABLE = "APP_DB_ROLE_PREFIX"
_OURS = {*(login.value for login in LoginUrl), _PREFIX_VARIABLE}


def check_env_file(path: Path, *, replace: bool = False) -> None:
    """Raise BootstrapError where `write_env_file` would, so that no password is set that can't be kept."""
    if not replace and os.path.lexists(path):
        raise _exists(path)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BootstrapError(
            f"{path} can't be written, because {path.parent} is no folder that you may write to: "
            f"type mkdir -p {path.parent}, or name another file with --env-file"
        )


def write_env_file(path: Path, report: BootstrapReport, *, replace: bool = False) -> None:
    """Write `NAME=url` lines as in `.env`, mode 0600, all or nothing.

    A login whose password this run did not set becomes a comment. Raises BootstrapError where the file exists, unless
    `replace`: then the lines of ours are replaced and all others stay.
    """
    check_env_file(path, replace=replace)
    kept = _foreign_lines(path) if replace and path.exists() else []
    text = "".join(f"{line}\n" for line in [*kept, *_lines(report)])
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_private(temporary, text)
        _put(temporary, path, replace=replace)
    except OSError as error:
        raise BootstrapError(
            f"{path} can't be written ({error.strerror}), so passwords set in this run are lost: "
            "mend that and run again with --rotate-passwords"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _put(temporary: Path, path: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(path)
        return
    try:
        # race: unlike a rename, a link never takes the place of a file that appeared meanwhile
        path.hardlink_to(temporary)
    except FileExistsError:
        raise _exists(path) from None


def _lines(report: BootstrapReport) -> Iterator[str]:
    if report.role_prefix:
        yield f"{_PREFIX_VARIABLE}={report.role_prefix}"
    for login, url in report.urls.items():
        if url.password is None:
            yield f"# {login.value}: {url.username} existed before and keeps its password, which is not known here"
        else:
            yield f"{login.value}={plain_url(url, show_password=True)}"


def _foreign_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if _variable(line) not in _OURS]


def _variable(line: str) -> str:
    name = (
        line.removeprefix("# ").split(":", maxsplit=1)[0] if line.startswith("# ") else line.split("=", maxsplit=1)[0]
    )
    return name.removeprefix("export ").strip()


def _exists(path: Path) -> BootstrapError:
    return BootstrapError(
        f"{path} exists, and what is in it may be needed still: name another file with --env-file, remove this one, "
        "or add --rotate-passwords, which sets new passwords and replaces the lines of the logins in it"
    )
