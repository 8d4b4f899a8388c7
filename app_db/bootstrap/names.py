"""Names as they may be given, and names and texts as SQL writes them."""

from __future__ import annotations

import re

from sqlalchemy import Dialect, literal

from ..errors import BootstrapError

_DATABASE = re.compile(r"[a-z_][a-z0-9_$-]{0,62}")
_PREFIX = re.compile(r"([a-z_][a-z0-9_]{0,19})?")


def check_names(database: str, role_prefix: str) -> None:
    """Raise BootstrapError for a database or a prefix that can't be, or can't comfortably be, a name in PostgreSQL.

    63 bytes is the length of a name; see the PostgreSQL manual, "Identifiers and Key Words". `pg_` is reserved for
    the server's own roles; see "CREATE ROLE".
    """
    if not _DATABASE.fullmatch(database):
        raise BootstrapError(
            f"{database!r} can't be the name of the database, because everybody would have to quote it: give "
            "--database 1 to 63 of a-z, 0-9, _, $ and -, beginning with a letter or _"
        )
    if not _PREFIX.fullmatch(role_prefix) or role_prefix.startswith("pg_"):
        raise BootstrapError(
            f"{role_prefix!r} can't be the prefix of role names, because names end at 63 bytes and pg_ is the server's "
            "own: give --role-prefix up to 20 of a-z, 0-9 and _, beginning with a letter, for example shop_"
        )


class Quoting:
    """Writes identifiers and string literals into SQL, by the rules of the connection's dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def name(self, identifier: str) -> str:
        """Return the identifier, quoted."""
        return _undoubled(self._dialect.identifier_preparer.quote_identifier(identifier))

    def shown(self, identifier: str) -> str:
        """Return the identifier as a person types it: quoted where it must be."""
        return _undoubled(self._dialect.identifier_preparer.quote(identifier))

    def text(self, value: str) -> str:
        """Return the string literal."""
        return _undoubled(str(literal(value).compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})))


def _undoubled(sql: str) -> str:
    # SQLAlchemy doubles every % for the driver's parameters, and these statements are sent without any
    return sql.replace("%%", "%")
