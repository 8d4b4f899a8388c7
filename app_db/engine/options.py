"""The execution options that sessions hand down to their engine and its statements."""

# A TenantContext, or NO_TENANT.
CONTEXT_OPTION = "app_db_context"

# The Mode of the transactions.
MODE_OPTION = "app_db_mode"
