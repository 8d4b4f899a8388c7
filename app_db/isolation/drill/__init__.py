"""The leak drill: many threads at work for many tenants on few connections, while everything goes wrong around them.

How a session gets its tenant is a `Way`: ours, an application's own unit of work, or a class for full control.
"""
