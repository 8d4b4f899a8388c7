"""What proves that tenants are apart, on any database whose models inherit from our base classes."""
