"""An application's revisions, applied, or loaded for their models; what fails is told in one sentence."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ...errors import ConnectionLost, LockNotAvailable, ProofError, QueryCanceled
from ...migrations import load_project, upgrade_project
from ...settings import Settings


def apply_tree(settings: Settings, ini: Path) -> None:
    """Bring the tree to its heads. Raises ProofError where a revision fails, or its modules can't be imported."""
    with _told_in_one(ini):
        upgrade_project(settings, ini)


def load_tree(settings: Settings, ini: Path) -> None:
    """Load the models of the tree. Raises ProofError where they can't be imported."""
    with _told_in_one(ini):
        load_project(settings, ini)


@contextmanager
def _told_in_one(ini: Path) -> Iterator[None]:
    """Turn what the server, or an import, refuses in the block into one ProofError that says where."""
    try:
        yield
    except (ImportError, SyntaxError) as error:
        raise ProofError(
            f"{ini}: {_at(error)}can't be loaded ({type(error).__name__}: {error}): install what it imports where this "
            f"command runs, and have prepend_sys_path of {ini.name} name the folder of its modules"
        ) from None
    except (ConnectionLost, LockNotAvailable, QueryCanceled):
        raise  # it was not the revision
    except SQLAlchemyError as error:
        raise ProofError(
            f"{ini}: {_at(error)}failed: {_sentence(error)}: mend the revision; `alembic upgrade head` on an empty "
            "database shows all of the error"
        ) from None


def _at(error: BaseException) -> str:
    """Return the revision and the line where it happened, else the module that env.py was about to import."""
    frames = [*traceback.walk_tb(error.__traceback__)]
    for frame, line in reversed(frames):
        if {"revision", "down_revision"} <= frame.f_globals.keys():
            return f"revision {frame.f_globals['revision']} ({Path(frame.f_code.co_filename).name}, line {line}) "
    if isinstance(error, SyntaxError):
        return f"{error.filename} "
    return next(
        (f"{frame.f_code.co_filename} (line {line}) " for frame, line in reversed(frames)
         if not frame.f_code.co_filename.startswith("<")), ""
    )  # fmt: skip


def _sentence(error: SQLAlchemyError) -> str:
    """Return what the server said, with its hint, without the statement."""
    told = getattr(getattr(error, "orig", None), "diag", None)
    if told is None or not told.message_primary:
        return str(error).splitlines()[0]
    return ": ".join(part for part in (told.message_primary, told.message_detail, told.message_hint) if part)
