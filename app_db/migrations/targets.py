"""What a target means: `head` is the head of every service placed here; ambiguous and harmful targets are refused.

All chains are always loaded, since a database may hold revisions of a service that is not placed there any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory

from ..errors import MigrationError
from ..schema import SERVICES, Service

_RELATIVE = re.compile(r"[+-]\d+")
ALL_HEADS = {"head", "heads"}

Work = Callable[[tuple[str, ...], MigrationContext], Iterable[Any]]


def chain_of(revision: str) -> str:
    """Return the chain of a revision (`core_0002`) or of a target (`core@-1`, `core_0002`)."""
    return revision.split("@", maxsplit=1)[0].rsplit("_", 1)[0]


def guard_targets(context: MigrationContext, services: tuple[Service, ...]) -> None:
    """Put our reading of targets between the Alembic command and its work."""
    work: Work | None = context._migrations_fn  # noqa: SLF001  # what env.py is given has no public name for it
    script = context.script
    if work is None or script is None:
        return
    target = context.opts.get("destination_rev")
    heads = placed_heads(script, services)
    if "revision_context" in context.opts:
        guarded = _comparing(work, script, heads)
    elif isinstance(target, tuple):
        guarded = _stamping(script, target, heads)
    elif target is not None:
        guarded = _moving(work, script, str(target), heads)
    else:
        guarded = _reading(work, script, heads)
    context._migrations_fn = guarded  # noqa: SLF001


def placed_heads(script: ScriptDirectory, services: tuple[Service, ...]) -> tuple[str, ...]:
    """Return the newest revision of each chain, but for those of services that are not placed here."""
    elsewhere = set(SERVICES) - {service.name for service in services}
    return tuple(revision for revision in sorted(script.get_heads()) if chain_of(revision) not in elsewhere)


def _needed(script: ScriptDirectory, heads: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out a head that another one depends on: Alembic refuses to be told of both."""
    depended_on = {
        revision.revision
        for head in heads
        for revision in script.iterate_revisions(head, "base", implicit_base=True)
        if revision.revision != head
    }
    return tuple(head for head in heads if head not in depended_on)


def _reading(work: Work, script: ScriptDirectory, heads: tuple[str, ...]) -> Work:
    def checked(revisions: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        # `current --check-heads` compares with this: what is left of a service once placed here is no fault
        elsewhere = [head for head in script.get_heads() if head in revisions and head not in heads]
        expected = _needed(script, (*heads, *elsewhere))
        script.get_heads = lambda consider_depends_on=False: expected  # type: ignore  # noqa: ARG005
        return work(revisions, context)

    return checked


def _comparing(work: Work, script: ScriptDirectory, heads: tuple[str, ...]) -> Work:
    # autogenerate wants every chain at its head: those not placed here count as being there
    elsewhere = tuple(set(script.get_heads()) - set(heads))
    return lambda revisions, context: work(_needed(script, (*revisions, *elsewhere)), context)


def _stamping(script: ScriptDirectory, targets: tuple[str, ...], heads: tuple[str, ...]) -> Work:
    wanted = tuple(head for target in targets for head in _expanded(target, heads))
    return lambda revisions, _context: script._stamp_revs(wanted, revisions)  # noqa: SLF001


def _moving(work: Work, script: ScriptDirectory, target: str, heads: tuple[str, ...]) -> Work:
    if target in ALL_HEADS:
        return lambda revisions, _context: script._upgrade_revs(_needed(script, heads), revisions)  # type: ignore[arg-type]  # noqa: SLF001
    _expanded(target, heads)

    def checked(revisions: tuple[str, ...], context: MigrationContext) -> Iterable[Any]:
        steps = list(work(revisions, context))
        _refuse_dependents(target, steps)
        return steps

    return checked


def _expanded(target: str, heads: tuple[str, ...]) -> tuple[str, ...]:
    if target in ALL_HEADS:
        return heads
    if _RELATIVE.fullmatch(target):
        chains = " or ".join(f"`{chain_of(head)}@{target}`" for head in heads)
        raise MigrationError(f"{target!r} does not say which chain it means: write {chains}")
    chain = chain_of(target)
    if chain in SERVICES and chain not in {chain_of(head) for head in heads}:
        raise MigrationError(
            f"{target!r} belongs to the service {chain!r}, which is not placed on this database: "
            f"add {chain} to APP_DB_SERVICES"
        )
    return (target,)


def _refuse_dependents(target: str, steps: list[MigrationStep]) -> None:
    if target == "base":
        return
    chain = chain_of(target)
    others = sorted({chain_of(step.from_revisions_no_deps[0]) for step in steps if step.is_downgrade} - {chain})
    if others:
        first = " and ".join(f"`alembic downgrade {other}@base`" for other in others)
        raise MigrationError(
            f"downgrading to {target!r} would take away what {', '.join(others)} stands on: "
            f"first run {first}, or `alembic downgrade base` for everything"
        )
