"""The leak drill: many threads at work for many tenants on few connections, while everything goes wrong around them."""
