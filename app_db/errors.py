"""Every failure that app_db raises, in one tree.

    AppDbError
    ├── SettingsError              a value in the environment can't be used
    ├── TenantNotBound             work for a tenant, and nobody said which
    ├── TenantMismatch             one session, one tenant: a second one was asked for
    ├── UnsafeTransaction          a mode in which a tenant can't be bound (autocommit)
    ├── PoolExhausted              no connection came free in time
    ├── ScopeError                 a mapped table does not say whose rows it holds
    ├── StartupRefused             this login or this schema must not serve an application
    ├── ServerError                the embedded PostgreSQL (NotPermittedError: its account may not execute something)
    ├── BootstrapError             roles, logins, database
    ├── MigrationError             a revision, a target, a chain
    ├── SuiteError                 a test suite can't have a database, or not this way
    ├── ProofError                 a proof of isolation that can't be made, e.g. for want of a value
    ├── SandboxRefused             what a sandbox of the test plugin can't undo
    │   └── SandboxOverlap         a second transaction began while the first had written
    ├── ImportRefused              a file with rows that can't be loaded
    ├── TenantRefused              a tenant can't be made, changed, exported, imported or deleted
    ├── ArchiveRefused             a file is no export of a tenant, is damaged, or can't be written
    ├── InitRefused                a database can't be initialised, or an administrator not made
    ├── ResetRefused               a database that must not be emptied, or not this way
    ├── SeedRefused                generated rows that must not be planted there, or not these
    ├── DrillRefused               a leak drill that must not be run there, or has nothing to work with
    ├── CheckRefused               a check of isolation was asked for in a way that can't be answered
    ├── AdviceRefused              indexes and statements can't be advised on, with what was given
    └── DatabaseError              PostgreSQL said no; keyed on SQLSTATE, each also SQLAlchemy's own class
        ├── RowSecurityViolation   42501 by a policy           PermissionDenied       42501 otherwise
        ├── UniqueViolation        23505                       ForeignKeyViolation    23503, 23001
        ├── NotNullViolation       23502                       CheckViolation         23514
        ├── ExclusionViolation     23P01                       ReadOnlyTransaction    25006
        ├── SerializationFailure   40001                       DeadlockDetected       40P01
        ├── LockNotAvailable       55P03                       QueryCanceled          57014
        ├── AppendOnlyViolation    AO001, raised by our own functions
        ├── LastOwner              TN002, raised by our own functions
        ├── UnboundTransaction     TN001, raised by our own functions; also a TenantNotBound
        ├── TransitionRefused      TN101                       ImmutableValue         TN102
        ├── AmountExceeded         TN103, by triggers of billing; TN101 also of learning
        └── ConnectionLost         class 08, 57P01-57P03, or no SQLSTATE at all
            └── CommitOutcomeUnknown   lost while COMMIT was under way

Messages say what is wrong, why it is refused, and end with what to do instead. SQLSTATEs are listed in the PostgreSQL
manual, appendix A (errcodes-appendix).
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import exc as sa_exc


class AppDbError(Exception):
    """Anything that app_db raises on purpose; `retryable` where the whole unit of work may be run again as it is."""

    retryable = False


class SettingsError(AppDbError):
    """A setting is missing or can't be used; the message names the variable."""


class TenantNotBound(AppDbError):
    """Work for a tenant was asked for, and no tenant is known. Nothing was sent to the database."""


class TenantMismatch(AppDbError):
    """A session belongs to one tenant for life, and something belonging to another was put into it."""


class UnsafeTransaction(AppDbError):
    """The transaction mode asked for can't carry a tenant."""


class PoolExhausted(AppDbError, sa_exc.TimeoutError):
    """No connection of the pool came free in time; nothing was begun, so the unit of work may be run again."""

    retryable = True

    def __init__(self, error: sa_exc.TimeoutError) -> None:
        super().__init__(
            f"{error.args[0] if error.args else error}: keep units of work short and wait for nothing inside of them, "
            "or raise APP_DB_POOL_SIZE or APP_DB_MAX_OVERFLOW within the server's max_connections"
        )


class ScopeError(AppDbError):
    """A mapped table does not say whose rows it holds."""


class StartupRefused(AppDbError):
    """The login or the schema is unfit for an application; `findings` lists why, each with its remedy."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        super().__init__("refusing to work on this database:\n" + "\n".join(f"- {finding}" for finding in findings))


class ServerError(AppDbError):
    """The embedded PostgreSQL can't be found, started or stopped."""


class BootstrapError(AppDbError):
    """Roles, logins or the database can't be made; the message names who can and what to type."""


class MigrationError(AppDbError):
    """A migration target is ambiguous, not placed, or would pull the floor from under what is applied."""


class SuiteError(AppDbError):
    """A test suite can't have the database that it asks for; the message names the option, marker or fixture."""


class ProofError(AppDbError):
    """A proof of isolation can't be made: a row that can't be made up, a file or a table that is not there."""


class SandboxRefused(AppDbError):
    """A test in a sandbox did what can't be rolled back with it; the message names the mode that can."""


class SandboxOverlap(SandboxRefused):
    """Two transactions at once, and one of them has written: production would keep its rows from the other one.

    `first` and `second` say where each was begun.
    """

    def __init__(self, first: str, second: str) -> None:
        self.first = first
        self.second = second
        super().__init__(
            f"a second transaction began ({second}) while the first one, which has written, was still open ({first}): "
            "on one connection the second would see what the first has not committed, and in production it would not. "
            'Commit or close the first one before, or mark the test with @pytest.mark.app_db("commit")'
        )


class ImportRefused(AppDbError):
    """A file holds rows that can't be loaded; `problems` are (line number, what is wrong)."""

    def __init__(self, message: str, problems: list[tuple[int, str]]) -> None:
        self.problems = problems
        super().__init__(message)


class InitRefused(AppDbError):
    """A database is not initialised, or its first administrator not made; nothing is half done."""


class TenantRefused(AppDbError):
    """Work on a whole tenant can't be done; the message says what to do before."""


class ArchiveRefused(AppDbError):
    """The file of a tenant's export can't be read or written; nothing was imported from it."""


class ResetRefused(AppDbError):
    """A database is not emptied: it is not for development or tests, it is not local, or others stand on it."""


class SeedRefused(AppDbError):
    """Generated rows are not planted: it is not for development or tests, or what they belong to is not there."""


class DrillRefused(AppDbError):
    """A leak drill is not begun: it is production, the unit of work can't be used, or another one is under way."""


class CheckRefused(AppDbError):
    """A check of isolation can't be made as it was asked for: a file of suppressions, a role, a schema."""


class AdviceRefused(AppDbError):
    """Indexes or statements can't be advised on with what was given; the message says what to give instead."""


class DatabaseError(AppDbError, sa_exc.DBAPIError):
    """PostgreSQL refused a statement.

    `sqlstate` is its five characters or None; `schema_name`, `table_name`, `column_name` and `constraint_name` are what
    the server reported, where it did. `except sqlalchemy.exc.IntegrityError` and its like go on working.
    """

    remedy = ""
    sqlstate: str | None = None
    schema_name: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    constraint_name: str | None = None

    def _message(self) -> str:
        message = super()._message()
        return f"{message}\n({self.remedy})" if self.remedy else message


class RowSecurityViolation(DatabaseError, sa_exc.ProgrammingError):
    """A row of another tenant, or of no tenant, was written."""

    remedy = "the row belongs to another tenant than the session: open a session for the row's own tenant"


class PermissionDenied(DatabaseError, sa_exc.ProgrammingError):
    """The login has no grant for this."""

    remedy = "the role has no grant for this: use the login meant for it, or grant it in a revision"


class UniqueViolation(DatabaseError, sa_exc.IntegrityError):
    """A row with this key exists already in the tenant."""


class ForeignKeyViolation(DatabaseError, sa_exc.IntegrityError):
    """The row referred to does not exist in this tenant, or is still referred to."""


class NotNullViolation(DatabaseError, sa_exc.IntegrityError):
    """A value is required."""


class CheckViolation(DatabaseError, sa_exc.IntegrityError):
    """A value is outside what the column allows."""


class ReadOnlyTransaction(DatabaseError, sa_exc.InternalError):
    """A read-only session, or a standby, was asked to write."""

    remedy = "open the session without `read_only=True`, on the primary"


class ExclusionViolation(DatabaseError, sa_exc.IntegrityError):
    """The row overlaps with one that exists."""


class SerializationFailure(DatabaseError, sa_exc.OperationalError):
    """Another transaction came first; the whole unit of work may be run again."""

    retryable = True
    remedy = "run the whole unit of work again"


class DeadlockDetected(DatabaseError, sa_exc.OperationalError):
    """Two transactions waited for each other and this one was chosen; the whole unit of work may be run again."""

    retryable = True
    remedy = "run the whole unit of work again"


class LockNotAvailable(DatabaseError, sa_exc.OperationalError):
    """A lock was not granted within lock_timeout."""

    retryable = True
    remedy = "run the unit of work again, or look for the transaction that holds the lock"


class QueryCanceled(DatabaseError, sa_exc.OperationalError):
    """The statement ran into statement_timeout or was cancelled."""

    remedy = "see its plan with EXPLAIN, or raise the statement timeout for this unit of work"


class UnboundTransaction(DatabaseError, sa_exc.DatabaseError, TenantNotBound):
    """A function that needs a tenant was called in a transaction that has none."""

    remedy = "open the session with `db.tenant(tenant_id)`"


class AppendOnlyViolation(DatabaseError, sa_exc.DatabaseError):
    """A row of a table that rows are only added to was to be changed or removed, by whomever."""

    remedy = "write another row that says what is different; old rows go when maintenance drops their partition"


class LastOwner(DatabaseError, sa_exc.DatabaseError):
    """A tenant would have been left without an active owner; raised at commit."""

    remedy = "make another member an owner, in the same transaction or before"


class TransitionRefused(DatabaseError, sa_exc.DatabaseError):
    """A status was to change to one that does not follow from it."""

    remedy = "read the row again, and take one of the steps that its status allows"


class ImmutableValue(DatabaseError, sa_exc.DatabaseError):
    """What was agreed or done was to be rewritten."""

    remedy = "leave it as it is and write a new row: a refund, another payment, another line"


class AmountExceeded(DatabaseError, sa_exc.DatabaseError):
    """More was to be paid back, or booked, than the payment holds."""

    remedy = "read what is left of the payment, and lower the amount; what is not captured yet can't go back"


class ConnectionLost(DatabaseError, sa_exc.OperationalError):
    """The server can't be reached or went away."""

    retryable = True
    remedy = "see that the server runs and that the URL names it; a unit of work not yet committed may be run again"
    unreached = "no connection was made: see that the server runs and that the URL names its host and its port"


class CommitOutcomeUnknown(ConnectionLost):
    """The connection was lost before the answer to COMMIT came: the work may be done, or not. Never run again by us."""

    retryable = False
    remedy = "look whether the work was done before you run it again; an idempotency key makes that easy"


# Set by the dialect on a driver's error that lost the answer to COMMIT.
LOST_COMMIT = "app_db_lost_commit"

_BY_SQLSTATE: dict[str, type[DatabaseError]] = {
    "23001": ForeignKeyViolation,  # what 18 says where ON DELETE RESTRICT refuses; 23503 before
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "23P01": ExclusionViolation,
    "25006": ReadOnlyTransaction,
    "40001": SerializationFailure,
    "40P01": DeadlockDetected,
    "55P03": LockNotAvailable,
    "57014": QueryCanceled,
    "57P01": ConnectionLost,
    "57P02": ConnectionLost,
    "57P03": ConnectionLost,
    "AO001": AppendOnlyViolation,
    "TN001": UnboundTransaction,
    "TN002": LastOwner,
    "TN101": TransitionRefused,
    "TN102": ImmutableValue,
    "TN103": AmountExceeded,
}

# On a distributed cluster the diagnostic fields are empty and names in the message carry the number of a shard.
_CONSTRAINT_IN_MESSAGE = re.compile(r'constraint "(?P<name>.+?)(?:_\d{6,})?"')


def typed(error: sa_exc.DBAPIError, *, is_connected: bool = True) -> sa_exc.DBAPIError:
    """Return `error` as the class of this tree that its SQLSTATE calls for, or as it is where none does.

    Without `is_connected` there was no connection yet, so that the remedy of a lost one is about how to get one.
    """
    sqlstate = getattr(error.orig, "pgcode", None)
    kind = _kind(error, sqlstate)
    if kind is None or error.orig is None:
        return error
    result = kind(
        error.statement, error.params, error.orig, error.hide_parameters, error.connection_invalidated, error.code,
        error.ismulti,
    )  # fmt: skip
    if kind is ConnectionLost and not is_connected:
        result.remedy = ConnectionLost.unreached
    result.sqlstate = sqlstate
    diagnostics = getattr(error.orig, "diag", None)
    for field in ("schema_name", "table_name", "column_name", "constraint_name"):
        setattr(result, field, getattr(diagnostics, field, None))
    if result.constraint_name is None and isinstance(result, sa_exc.IntegrityError):
        found = _CONSTRAINT_IN_MESSAGE.search(str(error.orig))
        result.constraint_name = found["name"] if found else None
    return result


def _kind(error: sa_exc.DBAPIError, sqlstate: Any) -> type[DatabaseError] | None:
    if getattr(error.orig, LOST_COMMIT, False):
        return CommitOutcomeUnknown
    if sqlstate == "42501":
        return RowSecurityViolation if "row-level security" in str(error.orig) else PermissionDenied
    if sqlstate in _BY_SQLSTATE:
        return _BY_SQLSTATE[sqlstate]
    lost = error.connection_invalidated or (sqlstate is None and isinstance(error, sa_exc.OperationalError))
    return ConnectionLost if lost or (sqlstate or "").startswith("08") else None
