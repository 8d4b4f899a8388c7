"""Alembic's own command line, in a checkout, as a developer types it."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.config import CommandLine, Config
from sqlalchemy import text
from support import ON_18, ROOT, carried, catalogue, environment_of

from app_db.engine import admin_engine
from app_db.reflection import Catalogue
from app_db.schema import SERVICES, number_of, placed_services
from app_db.settings import Settings

SCHEMAS = tuple(schema for service in SERVICES.values() for schema in service.schemas)
CORE, CATALOG = (number_of(SERVICES[name].revision) for name in ("core", "catalog"))
_LINE = CommandLine()
Alembic = Callable[..., "Done"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a checkout has for Alembic, so that new revisions may be written into it."""
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


@pytest.fixture
def alembic(checkout: Path, empty_settings: Settings) -> Alembic:
    """Runs `alembic …` on an empty database."""
    return _runner(checkout, empty_settings)


@pytest.fixture
def alembic_at_head(checkout: Path, own_settings: Settings) -> Alembic:
    """Runs `alembic …` on a database at head."""
    return _runner(checkout, own_settings)


def _runner(checkout: Path, settings: Settings) -> Alembic:
    """Run `alembic …` as its command line does, in this process, or in one of its own where PYTHONPATH is changed."""

    def run(*arguments: str, code: int = 0, **changes: str) -> Done:
        environment = {**environment_of(settings), **changes}
        call = _in_a_process if "PYTHONPATH" in changes else _in_this_process
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.chdir(checkout)
            done = call(arguments)
        assert done.code == code, done.said
        assert "Traceback" not in done.said
        return done

    return run


def _in_this_process(arguments: tuple[str, ...]) -> Done:
    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            options = _LINE.parser.parse_args(arguments)
            _LINE.run_cmd(Config("alembic.ini", cmd_opts=options, stdout=stdout), options)
        except SystemExit as stop:
            code = int(stop.code or 0) % 256
    return Done(code, stdout.getvalue(), stderr.getvalue())


def _in_a_process(arguments: tuple[str, ...]) -> Done:
    command = [sys.executable, "-m", "alembic.config", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_the_command_itself_works_in_a_checkout(empty_settings: Settings, checkout: Path) -> None:
    command = [str(Path(sys.executable).parent / "alembic"), "upgrade", "head"]
    done = subprocess.run(
        command, cwd=checkout, env=environment_of(empty_settings), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Running upgrade core_0001 -> core_0002" in done.stderr


@pytest.fixture
def look(empty_settings: Settings) -> Callable[[], Catalogue]:
    url = empty_settings.migration_url
    assert url is not None
    return lambda: catalogue(url, SCHEMAS)


def test_up_down_and_up_again_leaves_the_same_catalogue(alembic: Alembic, look: Callable[[], Catalogue]) -> None:
    before = look()
    alembic("upgrade", "head")
    at_head = look()
    alembic("downgrade", "base")
    at_base = look()
    alembic("upgrade", "head")
    assert look() == at_head
    assert without_versions(at_base) == before
    assert {thing.kind for thing in before} <= {"schema", "extension"}  # those that a superuser had made before


@ON_18  # on the other one they go down and up together
def test_each_revision_down_and_up_leaves_the_same_catalogue(alembic: Alembic, look: Callable[[], Catalogue]) -> None:
    # core first, since one that needs more of it than there is yet would bring it along, and leave it
    for chain in sorted(SERVICES, key=lambda name: (name != "core", name)):
        for number in range(1, int(SERVICES[chain].revision[-4:]) + 1):
            before = look()
            alembic("upgrade", f"{chain}_{number:04d}")
            at_target = look()
            alembic("downgrade", f"{chain}@-1")
            assert without_versions(look()) == without_versions(before), f"{chain}_{number:04d}"
            alembic("upgrade", f"{chain}_{number:04d}")
            assert look() == at_target, f"{chain}_{number:04d}"


def without_versions(found: Catalogue) -> Catalogue:
    """Leave out the version table, which is Alembic's; the schema `app` stays with it."""
    return {
        thing: attributes
        for thing, attributes in found.items()
        if "alembic_version" not in thing.name and thing.label != "schema app"
    }


def test_current_history_and_check_tell_the_truth(alembic: Alembic) -> None:
    assert alembic("current").stdout == ""
    alembic("current", "--check-heads", code=255)
    alembic("upgrade", "head")
    told = {line.split()[0] for line in alembic("current", "--check-heads").stdout.splitlines()}
    carried = placed_services(None, ("vector",) if "learning" in str(told) else ())
    assert told == {service.revision for service in carried}
    assert "core_0001" in alembic("history").stdout
    assert "No new upgrade operations" in alembic("check").stdout


@ON_18
def test_looking_at_an_empty_database_leaves_nothing_behind(alembic: Alembic, look: Callable[[], Catalogue]) -> None:
    before = look()
    alembic("current")
    alembic("history")
    alembic("check", code=255)
    assert look() == before


@ON_18
@pytest.mark.parametrize(("command", "target"), [("upgrade", "+1"), ("downgrade", "-1"), ("downgrade", "-2")])
def test_a_step_that_does_not_name_its_chain_is_refused_with_the_form_that_does(
    alembic_at_head: Alembic, own_settings: Settings, command: str, target: str
) -> None:
    done = alembic_at_head(command, target, code=255)
    chains = sorted(service.name for service in carried(own_settings))
    assert " or ".join(f"`{chain}@{target}`" for chain in chains) in done.said


@ON_18
@pytest.mark.parametrize("target", ["core@base", "core_0002", f"core@-{CORE - 2}", "core_0001"])
def test_the_core_is_not_taken_away_from_under_a_service(
    alembic_at_head: Alembic, own_settings: Settings, target: str
) -> None:
    assert own_settings.migration_url is not None
    before = catalogue(own_settings.migration_url, SCHEMAS)
    done = alembic_at_head("downgrade", target, code=255)
    names = sorted(service.name for service in carried(own_settings) if service.name != "core")
    others = " and ".join(f"`alembic downgrade {name}@base`" for name in names)
    assert f"first run {others}" in done.said
    assert catalogue(own_settings.migration_url, SCHEMAS) == before


def test_services_are_taken_away_and_then_the_core(alembic_at_head: Alembic, own_settings: Settings) -> None:
    for service in carried(own_settings):
        if service.name != "core":
            alembic_at_head("downgrade", f"{service.name}@base")
    alembic_at_head("downgrade", "core@base")
    assert alembic_at_head("current").stdout == ""


def test_a_service_that_is_placed_later_is_built(alembic: Alembic, look: Callable[[], Catalogue]) -> None:
    alembic("upgrade", "head", APP_DB_SERVICES="core")
    assert SERVICES["core"].revision in alembic("current", "--check-heads", APP_DB_SERVICES="core").stdout
    assert "No new upgrade operations" in alembic("check", APP_DB_SERVICES="core").stdout
    assert not any("catalog.materials" in line for line in look())
    alembic("current", "--check-heads", code=255)
    alembic("upgrade", "head")
    assert any("catalog.materials" in line for line in look())


@ON_18
def test_a_service_that_is_no_longer_placed_disturbs_nobody(alembic_at_head: Alembic) -> None:
    alembic_at_head("upgrade", "head", APP_DB_SERVICES="core")
    alembic_at_head("current", "--check-heads", APP_DB_SERVICES="core")
    assert "No new upgrade operations" in alembic_at_head("check", APP_DB_SERVICES="core").stdout
    assert SERVICES["catalog"].revision in alembic_at_head("current").stdout


@ON_18
def test_a_target_of_a_service_that_is_not_placed_is_refused(alembic: Alembic) -> None:
    done = alembic("upgrade", "catalog@head", code=255, APP_DB_SERVICES="core")
    assert "add catalog to APP_DB_SERVICES" in done.said


@ON_18
def test_a_service_that_does_not_exist_is_refused(alembic: Alembic) -> None:
    done = alembic("upgrade", "head", code=255, APP_DB_SERVICES="crm")
    assert "APP_DB_SERVICES names 'crm'" in done.said


@ON_18
def test_stamp_head_notes_the_placed_services(alembic: Alembic) -> None:
    alembic("stamp", "head", APP_DB_SERVICES="core")
    assert "catalog" not in alembic("current").stdout
    alembic("stamp", "head")
    assert SERVICES["catalog"].revision in alembic("current").stdout
    alembic("stamp", "base")
    assert alembic("current").stdout == ""


def test_a_script_by_sql_builds_the_same_as_a_run(
    alembic: Alembic, look: Callable[[], Catalogue], empty_settings: Settings
) -> None:
    named = ",".join(service.name for service in carried(empty_settings))  # it is written without a database
    script = alembic("upgrade", "head", "--sql", APP_DB_SERVICES=named).stdout
    url = empty_settings.migration_url
    assert url is not None
    psql = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", url.set(drivername="postgresql").render_as_string(False)]
    done = subprocess.run(psql, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    by_script = look()
    alembic("downgrade", "base")
    alembic("upgrade", "head")
    assert look() == by_script


@pytest.fixture
def changed_model(checkout: Path) -> Callable[[str], dict[str, str]]:
    """Makes a sitecustomize that changes the models in the subprocess, and returns the environment that loads it."""

    def change(code: str) -> dict[str, str]:
        folder = checkout / "site"
        folder.mkdir(exist_ok=True)
        imports = "from sqlalchemy import Column, Text\nfrom app_db.models import AuditLog, Base, Material, Tenant\n"
        (folder / "sitecustomize.py").write_text(imports + code)
        return {"PYTHONPATH": str(folder)}

    return change


@ON_18
def test_autogenerate_writes_a_numbered_file_for_each_chain_that_changed(
    alembic_at_head: Alembic, checkout: Path, changed_model: Callable[[str], dict[str, str]]
) -> None:
    environment = changed_model(
        "Material.__table__.append_column(Column('colour', Text, comment='Its colour.'))\n"
        "AuditLog.__table__.append_column(Column('device', Text, comment='Where from.'))\n"
    )
    assert "colour" in (done := alembic_at_head("check", code=255, **environment)).stdout + done.stderr
    alembic_at_head("revision", "--autogenerate", "-m", "new columns", **environment)
    catalog = (checkout / f"alembic/versions/catalog/catalog_{CATALOG + 1:04d}_new_columns.py").read_text()
    core = (checkout / f"alembic/versions/core/core_{CORE + 1:04d}_new_columns.py").read_text()
    assert "colour" in catalog
    assert "device" not in catalog
    assert "device" in core
    assert "colour" not in core
    for heading in ("Why:", "Locks:", "Safe with the previous release?", "Undo:"):
        assert heading in core
    alembic_at_head("upgrade", "head", **environment)
    assert "No new upgrade operations" in alembic_at_head("check", **environment).stdout
    alembic_at_head("downgrade", "catalog@-1", **environment)


def test_autogenerate_without_a_change_writes_no_file(alembic_at_head: Alembic, checkout: Path) -> None:
    before = sorted((checkout / "alembic/versions").rglob("*.py"))
    alembic_at_head("revision", "--autogenerate", "-m", "nothing")
    assert sorted((checkout / "alembic/versions").rglob("*.py")) == before


@ON_18
def test_a_new_table_is_written_without_what_only_a_model_knows(
    alembic_at_head: Alembic, checkout: Path, changed_model: Callable[[str], dict[str, str]]
) -> None:
    environment = changed_model(
        "from app_db.models import TenantScoped\n"
        "class Supplier(TenantScoped, Base):\n"
        "    __tablename__ = 'suppliers'\n"
        "    __table_args__ = {'schema': 'catalog'}\n"
    )
    alembic_at_head("revision", "--autogenerate", "-m", "suppliers", **environment)
    written = (checkout / f"alembic/versions/catalog/catalog_{CATALOG + 1:04d}_suppliers.py").read_text()
    assert "create_table('suppliers'" in written
    assert "Scope" not in written
    alembic_at_head("upgrade", "head", **environment)


@ON_18
@pytest.mark.parametrize("arguments", [("-m", "lost"), ("-m", "lost", "--head", "crm@head")])
def test_a_revision_that_names_no_chain_is_refused_with_those_there_are(
    alembic_at_head: Alembic, checkout: Path, arguments: tuple[str, ...]
) -> None:
    done = alembic_at_head("revision", *arguments, code=255)
    assert " or ".join(f"--head {name}@head" for name in SERVICES) in done.said
    assert not list(checkout.rglob("*lost*"))


@ON_18
def test_a_revision_without_a_message_is_refused(alembic_at_head: Alembic, checkout: Path) -> None:
    before = sorted((checkout / "alembic/versions").rglob("*.py"))
    assert "add -m" in (done := alembic_at_head("revision", "--head", "core@head", code=255)).stdout + done.stderr
    assert sorted((checkout / "alembic/versions").rglob("*.py")) == before


@ON_18
def test_a_server_without_our_roles_is_refused_with_bootstrap(alembic: Alembic) -> None:
    done = alembic("upgrade", "head", code=255, APP_DB_ROLE_PREFIX="nobody_")
    assert "app-db bootstrap" in done.said


@ON_18
def test_the_applications_login_may_not_migrate(alembic: Alembic, empty_settings: Settings) -> None:
    assert empty_settings.url is not None
    url = empty_settings.url.render_as_string(hide_password=False)
    done = alembic("upgrade", "head", code=255, APP_DB_MIGRATION_URL=url)
    assert "may not act as" in done.said
    assert str(empty_settings.url.password) not in done.said


@ON_18
def test_a_url_for_the_application_alone_is_refused_with_the_variable_to_set(alembic: Alembic) -> None:
    done = alembic("upgrade", "head", code=255, APP_DB_MIGRATION_URL="")
    assert "APP_DB_MIGRATION_URL is not set" in done.said


def test_everything_belongs_to_the_owner_or_to_a_definer(alembic_at_head: Alembic, own_settings: Settings) -> None:
    url, prefix = own_settings.migration_url, own_settings.role_prefix
    assert url is not None
    with admin_engine(url).connect() as connection:
        owners = connection.execute(
            text("""
            select distinct relkind::text, pg_get_userbyid(relowner) from pg_class
            where relnamespace::regnamespace::text = any(:schemas)
            union all
            select 'f', pg_get_userbyid(proowner) from pg_proc
            where pronamespace::regnamespace::text = any(:schemas) and prosecdef
              and proname not in ('ensure_partitions', 'drop_expired_partition')
            """),
            {"schemas": [schema for schema in SCHEMAS if schema != "extensions"]},
        ).all()
    assert {owner for kind, owner in owners if kind != "f"} == {f"{prefix}app_owner", f"{prefix}app_secrets"}
    assert {owner for kind, owner in owners if kind == "f"} == {f"{prefix}app_definer", f"{prefix}app_secrets"}


@ON_18
def test_one_of_several_databases_is_upgraded_by_its_name(alembic: Alembic, empty_settings: Settings) -> None:
    assert empty_settings.migration_url is not None
    payments = {
        "APP_DB_MIGRATION_URL": "",
        "APP_DB_DATABASES__PAYMENTS__MIGRATION_URL": empty_settings.migration_url.render_as_string(hide_password=False),
        "APP_DB_DATABASES__PAYMENTS__SERVICES": "core",
    }
    alembic("-x", "database=payments", "upgrade", "head", **payments)
    assert alembic("current").stdout.split()[0] == SERVICES["core"].revision
    done = alembic("-x", "database=crm", "upgrade", "head", code=255, **payments)
    assert "APP_DB_DATABASES__CRM__URL" in done.said


@ON_18
def test_every_index_of_ours_names_what_it_is_for(alembic_at_head: Alembic, own_settings: Settings) -> None:
    assert own_settings.migration_url is not None
    with admin_engine(own_settings.migration_url).connect() as connection:
        bare = connection.scalars(
            text("""
            select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indrelid
            where relnamespace::regnamespace::text = any(:schemas) and obj_description(indexrelid) is null
            and not relispartition
            """),
            {"schemas": list(SCHEMAS)},
        ).all()
    assert bare == []
