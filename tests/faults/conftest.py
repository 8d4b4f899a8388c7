"""These work below the plugin."""

from lasting import db, other_tenant, settings, tenant

__all__ = ["db", "other_tenant", "settings", "tenant"]
