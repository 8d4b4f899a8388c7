"""What is not a table, as plain objects: roles, services, scopes. No connection, no SQL execution."""

from .roles import LOGINS, ROLES, Login, Role, RoleNames
from .scope import Scope, ScopeKind, scope_of
from .services import EXTENSIONS, SERVICES, Service, placed_services

__all__ = [
    "EXTENSIONS",
    "LOGINS",
    "ROLES",
    "SERVICES",
    "Login",
    "Role",
    "RoleNames",
    "Scope",
    "ScopeKind",
    "Service",
    "placed_services",
    "scope_of",
]
