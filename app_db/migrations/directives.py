"""Gives new revisions their place: one file for each chain that changed, numbered within the chain."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ..errors import MigrationError
from ..schema import SERVICES
from .objects.comparing import drop_with_table
from .targets import chain_of

_HELPERS = "from app_db.migrations.ddl import v1 as ddl"


def file_by_chain(context: MigrationContext, _revision: Any, scripts: list[ops.MigrationScript]) -> None:
    """Split what autogenerate found by chain, and number each file (Alembic's process_revision_directives).

    Raises MigrationError for a revision without a message or, when nothing was generated, without a chain.
    """
    command = getattr(context.config and context.config.cmd_opts, "cmd", None)
    if command is not None and command[0].__name__ == "check":
        return
    script = scripts[0]
    directory = context.script
    if directory is None or not script.message:
        raise MigrationError("a revision needs a message, which names its file: add -m 'what it does'")
    if not context.opts["revision_context"].command_args["autogenerate"]:
        _place(script, _named_chain(script), directory)
        return
    scripts[:] = [_place(part, chain, directory) for chain, part in _by_chain(script)]


def directives_of_project(context: MigrationContext, _revision: Any, scripts: list[ops.MigrationScript]) -> None:
    """Take out of what autogenerate found what a revision of an application need not say."""
    for script in scripts:
        _tidy(script)
        if context.script is not None and _HELPERS not in _template(context.script):
            script.imports.add(_HELPERS)


def next_revision(directory: ScriptDirectory, chain: str) -> str:
    """Return the next number of the chain, e.g. `catalog_0002`."""
    numbers = [int(revision.rsplit("_", 1)[1]) for revision in _revisions(directory, chain)]
    return f"{chain}_{max(numbers, default=0) + 1:04d}"


def _revisions(directory: ScriptDirectory, chain: str) -> Iterable[str]:
    return (script.revision for script in directory.walk_revisions() if chain_of(script.revision) == chain)


def _named_chain(script: ops.MigrationScript) -> str:
    chain = chain_of(str(script.head or ""))
    if chain not in SERVICES:
        forms = " or ".join(f"--head {name}@head" for name in SERVICES)
        raise MigrationError(f"a revision belongs to one chain, and none is named: add {forms}")
    return chain


def _by_chain(script: ops.MigrationScript) -> Iterable[tuple[str, ops.MigrationScript]]:
    for service in SERVICES.values():
        upgrade = [op for op in script.upgrade_ops.ops if _schema(op) in service.schemas]  # type: ignore[union-attr]
        downgrade = [op for op in script.downgrade_ops.ops if _schema(op) in service.schemas]  # type: ignore[union-attr]
        if upgrade:
            part = ops.MigrationScript(
                rev_id=None, message=script.message, upgrade_ops=ops.UpgradeOps(upgrade),
                downgrade_ops=ops.DowngradeOps(downgrade),
            )  # fmt: skip
            part.upgrade_ops.upgrade_token = script.upgrade_ops.upgrade_token  # type: ignore[union-attr]
            part.downgrade_ops.downgrade_token = script.downgrade_ops.downgrade_token  # type: ignore[union-attr]
            yield service.name, part


def _schema(op: ops.MigrateOperation) -> str | None:
    return getattr(op, "schema", None) or getattr(op, "source_schema", None)


def _place(script: ops.MigrationScript, chain: str, directory: ScriptDirectory) -> ops.MigrationScript:
    _tidy(script)
    script.rev_id = next_revision(directory, chain)
    script.head = f"{chain}@head"
    script.version_path = str(Path(directory.dir) / "versions" / chain)
    return script


def _template(directory: ScriptDirectory) -> str:
    path = Path(directory.dir) / "script.py.mako"
    return path.read_text("utf-8") if path.exists() else ""


def _tidy(script: ops.MigrationScript) -> None:
    for op in script.upgrade_ops.ops:  # type: ignore[union-attr]
        if isinstance(op, ops.CreateTableOp):
            op.info = {}  # whose rows it holds is for the model to say, and has no form in a revision
    drop_with_table(script)
