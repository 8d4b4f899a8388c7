"""`app-db isolation prove`: every way across the border is tried, on a database that is built for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..progress import bar

if TYPE_CHECKING:
    from ...isolation.prove import Mutation, Proof, ProofPlace, ProofReport

_FILE = click.Path(dir_okay=False, path_type=Path)
_ALL = "all"
# written out, so that --help loads nothing; a test compares it with what there is
KINDS = ("policy", "flag", "grant", "foreign key", "unique", "partition", "view", "predicate")


@click.command()
@click.option("--tree", type=_FILE, metavar="INI", help="The alembic.ini of an application: its tree, on top of ours.")
@click.option("--schema", "schemas", multiple=True, metavar="NAME", help="A schema of that tree; repeatable.")
@click.option(
    "--expect", "snapshots", type=_FILE, multiple=True, metavar="FILE",
    help="A snapshot of an application's schemas, whose grants are what roles have to have; repeatable.",
)  # fmt: skip
@click.option("--examples", type=_FILE, metavar="FILE", help="TOML with values for columns that can't be made up.")
@click.option("--database-url", metavar="URL", help="Build it on this server; its login has CREATEROLE and CREATEDB.")
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Only this table, with its schema; repeatable.")
@click.option(
    "--mutate", "kinds", multiple=True, type=click.Choice((_ALL, *KINDS)), metavar="KIND",
    help=f"Also take each guard of a kind away, and see that it is noticed: {_ALL}, {', '.join(KINDS)}; repeatable.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Make other values up.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def prove(context: click.Context, /, **given: Any) -> None:
    """Try to cross the border between tenants, as every role, with every verb, on every table.

    On a database that the revisions build for it and that goes again: no other one is touched. Exit code 1 where
    something came out otherwise than it has to, a function could not be tried, or a mutant was not noticed.
    """
    from ...drift import load_snapshot
    from ...isolation.prove import Examples, Proof, load_examples, scratch_place

    examples = load_examples(given["examples"]) if given["examples"] is not None else Examples()
    snapshots = [load_snapshot(path) for path in given["snapshots"]]
    with scratch_place(given["tree"], given["schemas"], given["database_url"]) as place:
        proof = Proof(place, examples, snapshots, given["seed"], given["tables"])
        report = _proved(proof, place)
        mutation = _mutated(proof, given["kinds"]) if given["kinds"] else None
    if given["as_json"]:
        told = {**report.as_dict(), **({"mutation": mutation.as_dict()} if mutation is not None else {})}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo("\n".join([*_report(report), *(_mutation(mutation) if mutation is not None else [])]))
    context.exit(_exit_code(report, mutation))


def _exit_code(report: ProofReport, mutation: Mutation | None) -> int:
    return 1 if report.is_open or (mutation is not None and mutation.is_open) else 0


def _proved(proof: Proof, place: ProofPlace) -> ProofReport:
    with bar("rows", len(place.schemas) * 6) as made:
        proof.prepare(made)
    with bar("cases", len(proof.chosen())) as done:
        return proof.run(done)


def _mutated(proof: Proof, kinds: tuple[str, ...]) -> Mutation:
    from ...isolation.prove import Mutator

    mutator = Mutator(proof, KINDS if _ALL in kinds else kinds)
    with bar("mutants", mutator.total) as done:
        return mutator.run(done)


def _report(report: ProofReport) -> list[str]:
    from ...isolation.prove.findings import grouped, remedies

    tally = report.tally
    lines = [f"{'verb':<18}{'cases':>8}", *(f"{verb:<18}{number:>8,}" for verb, number in tally.by_verb().items())]
    lines += [click.style(line, fg=None if line.startswith(" ") else "red") for line in grouped(tally.findings)]
    lines += [f"not tried, and accepted: {name}: {reason}" for name, reason in report.accepted.items()]
    lines += [click.style(f"! not tried: {name}: {why}", fg="red") for name, why in report.unexplained.items()]
    lines += [f"exempt, and nothing needs it: {entry}: take it out of the examples" for entry in report.stale]
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in tally.by_kind().items())
    found = f"{len(tally.findings):,} came out otherwise than they have to ({kinds})" if tally.findings else "no leak"
    if report.unexplained:
        found += f", {len(report.unexplained)} not tried: look at them, and accept each with a reason ([[untried]])"
    lines.append(
        f"{tally.total:,} cases on {report.tables} tables, PostgreSQL {report.version}, {report.seconds:.0f} s: {found}"
    )
    return [*lines, *remedies(tally.findings)]


def _mutation(mutation: Mutation) -> list[str]:
    lines = ["", f"{'mutants of':<14}{'made':>8}{'noticed':>10}{'refused':>10}"]
    for kind, (made, killed, refused) in mutation.by_kind().items():
        lines.append(f"{kind:<14}{made:>8,}{killed:>10,}{refused:>10,}")
    known = [mutant for mutant in mutation.unnoticed if mutant.name in mutation.harmless]
    lines += [f"harmless: {mutant.name}: {mutation.harmless[mutant.name]}" for mutant in known]
    mark = click.style("!", fg="red")
    lines += [f"{mark} not noticed: {mutant.name}: {'; '.join(mutant.statements)}" for mutant in mutation.survivors]
    lines += [f"{mark} could not be made: {one.mutant.name}: {one.refused}" for one in mutation.deaths if one.refused]
    lines += [f"called harmless, and noticed or not there: {name}: take it out" for name in mutation.stale]
    found = f"{len(mutation.survivors)} not noticed" if mutation.survivors else "each was noticed or is harmless"
    lines.append(f"{len(mutation.deaths):,} mutants, {mutation.seconds:.0f} s: {found}")
    return lines
