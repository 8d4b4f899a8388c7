"""What is not a table, as plain objects: roles, services, scopes, policies, grants, functions. Nothing is executed."""

from .derived import attach
from .objects import Comment, Extension, Function, Grant, PartitionSet, Policy, RowSecurity, SchemaObject, Trigger, View
from .revisions import newest_by_chain, number_of
from .roles import LOGINS, ROLES, Login, Role, RoleNames
from .scope import Scope, ScopeKind, scope_of
from .services import EXTENSIONS, SERVICES, Service, placed_services, why_left_out, why_not_carried

__all__ = [
    "EXTENSIONS",
    "LOGINS",
    "ROLES",
    "SERVICES",
    "Comment",
    "Extension",
    "Function",
    "Grant",
    "Login",
    "PartitionSet",
    "Policy",
    "Role",
    "RoleNames",
    "RowSecurity",
    "SchemaObject",
    "Scope",
    "ScopeKind",
    "Service",
    "Trigger",
    "View",
    "attach",
    "newest_by_chain",
    "number_of",
    "placed_services",
    "scope_of",
    "why_left_out",
    "why_not_carried",
]
