"""What counts as a tenant's table, as an application, as the context: the answers that the catalogue does not give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import MetaData

from ...models import Base
from ...schema import LOGINS, Grant, RoleNames, Scope, scope_of
from ...schema.derived import attached_to
from ...settings import DatabaseSettings, LoginUrl

CONTEXT_SETTINGS = ("app.current_tenant_id", "app.current_user_id")
TENANT_COLUMNS = ("tenant_id",)
TENANTS = "tenancy.tenants"
_ALL_ROWS = "app_all"
_TENANTS_ROWS = ("app_tenant", "app_tenant_admin")
_SERVE_APPLICATIONS = {LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.AUTH, LoginUrl.READONLY}


@dataclass(frozen=True)
class Bounds:
    """What the check is told; every part has an answer for a database of ours.

    `application_roles` are those that serve applications: without any, our four logins, `serving_logins` (those of
    the URLs that applications are given), and whoever has logged in, if `login_serves` or where there is nobody else.
    `login_serves` is False where only the login of an administrator, of migrations or of backups is known.
    `all_rows_roles` may see every tenant's rows, and policies for them alone are right to say `true`. `metadata` says
    of tables whose rows they hold. `transaction_pooler` is how the application is configured; None where nobody
    knows. `is_embedded` where the server is ours and for development, so that its age puts nobody's rows at risk.
    """

    schemas: tuple[str, ...] | None = None
    tenant_columns: tuple[str, ...] = TENANT_COLUMNS
    context_settings: tuple[str, ...] = CONTEXT_SETTINGS
    application_roles: tuple[str, ...] = ()
    serving_logins: tuple[str, ...] = ()
    login_serves: bool | None = None
    all_rows_roles: tuple[str, ...] = ()
    metadata: tuple[MetaData, ...] = ()
    role_prefix: str = ""
    transaction_pooler: bool | None = None
    is_embedded: bool = False
    _names: RoleNames = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", RoleNames(self.role_prefix))

    def applications(self, known: Iterable[str], login: str) -> tuple[str, ...]:
        """Return the roles that serve applications, of those that the server knows."""
        known = set(known)
        if self.application_roles:
            return self.application_roles
        ours = [self._names(entry.name) for entry in LOGINS if entry.url in _SERVE_APPLICATIONS]
        given = (*ours, *self.serving_logins, *((login,) if self.login_serves else ()))
        return tuple(dict.fromkeys(name for name in given if name in known)) or (login,)

    def is_named(self, role: str) -> bool:
        """Tell whether the role is the application's by its name: one that was told, or a login of ours."""
        return role in {*self.application_roles, *(self._names(entry.name) for entry in LOGINS)}

    def serving(self, place: DatabaseSettings) -> Bounds:
        """Return the same with the logins of the URLs that serve applications; ours where the server is for that."""
        urls = {login: url for login in LoginUrl if (url := place.login_url(login)) is not None}
        names = (url.username for login, url in urls.items() if login in _SERVE_APPLICATIONS)
        serves = not urls or bool(_SERVE_APPLICATIONS & set(urls))
        return replace(self, serving_logins=tuple(filter(None, names)), login_serves=serves)

    def sees_all_rows(self, known: Iterable[str]) -> frozenset[str]:
        """Return the roles for which every tenant's rows are meant to be visible."""
        return frozenset({*self.all_rows_roles, self._names(_ALL_ROWS)} & set(known))

    def grants(self, *, is_ours: bool) -> Mapping[tuple[str, str], frozenset[tuple[str, str | None]]]:
        """Return the grants that are attached to models: each privilege with its column, if any.

        By the table and the role, ours under the house's name.
        """
        found: dict[tuple[str, str], set[tuple[str, str | None]]] = {}
        for grant in (entry for told in self._told(is_ours=is_ours) for entry in attached_to(told)):
            if isinstance(grant, Grant):
                found.setdefault((grant.on, grant.role), set()).update(
                    part for each in grant.privileges for part in _parts(each)
                )
        return {key: frozenset(parts) for key, parts in found.items()}

    def scopes(self, *, is_ours: bool) -> Mapping[str, Scope]:
        """Return the scopes that models declare, by the full name of the table; our own models' where they are used."""
        tables = (table for told in self._told(is_ours=is_ours) for table in told.tables.values())
        return {table.fullname: scope for table in tables if (scope := scope_of(table)) is not None}

    def _told(self, *, is_ours: bool) -> tuple[MetaData, ...]:
        return (*self.metadata, *((Base.metadata,) if is_ours else ()))

    def visibility_roles(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the roles that a policy of tenants' rows should name: ours where they are known."""
        ours = tuple(name for name in map(self._names, _TENANTS_ROWS) if name in set(known))
        return ours if ours and not self.application_roles else self.application_roles

    @property
    def tenant_administrators(self) -> tuple[str, ...]:
        """The roles that see all rows of the tenant, persons' ones included."""
        return (self._names("app_tenant_admin"),)


def _parts(privilege: str) -> Iterator[tuple[str, str | None]]:
    """Yield (`update`, `a`) and (`update`, `b`) for `update (a, b)`."""
    verb, _, columns = privilege.partition("(")
    names = [column.strip() for column in columns.rstrip(") ").split(",")] if columns else [None]
    yield from ((verb.strip().lower(), column) for column in names)
