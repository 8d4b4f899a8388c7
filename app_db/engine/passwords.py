"""Turns a password into what the server stores, so that the password itself is never sent."""

from __future__ import annotations

from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection


def scram_verifier(connection: Connection, login: str, password: str) -> str:
    """Return the SCRAM-SHA-256 verifier of `password`, for `create role … password '…'`.

    It is computed here (libpq's PQencryptPasswordConn), because the server logs and shows the text of statements; see
    the PostgreSQL manual, "CREATE ROLE", notes.
    """
    driver_connection = connection.connection.driver_connection
    verifier = encrypt_password(password, login, scope=driver_connection, algorithm="scram-sha-256")
    return str(verifier)
