"""The embedded PostgreSQL for development and tests: never for production. Knows nothing of roles or schemas."""

from .binaries import find_binaries
from .cache import cached_data
from .embedded import EmbeddedServer
from .listing import list_servers, stop_servers
from .status import ServerStatus

__all__ = ["EmbeddedServer", "ServerStatus", "cached_data", "find_binaries", "list_servers", "stop_servers"]
