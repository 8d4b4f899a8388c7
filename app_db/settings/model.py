"""The settings of an application: where its databases are and with which figures it works."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting
from sqlalchemy.engine import URL

from ..errors import SettingsError
from .figures import preset_figures
from .url import LoginUrl, checked_url, tls_is_enforced


class Environment(StrEnum):
    """Where the process runs; production refuses what is unsafe, the others warn."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


def _url(value: Any) -> URL | None:
    try:
        return checked_url(value) if value else None
    except ValueError as error:
        raise PydanticCustomError("database_url", str(error)) from None


OptionalUrl = Annotated[URL | None, NoDecode, PlainValidator(_url)]


def _list(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class DatabaseSettings(BaseModel):
    """One database: the URL of each login, the services placed on it, its connection budget.

    URLs are given as text and become `sqlalchemy.URL` objects, whose `str` and `repr` hide the password.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", hide_input_in_errors=True, frozen=True)

    url: OptionalUrl = None
    tenant_admin_url: OptionalUrl = None
    auth_url: OptionalUrl = None
    readonly_url: OptionalUrl = None
    admin_url: OptionalUrl = None
    migration_url: OptionalUrl = None
    backup_url: OptionalUrl = None
    services: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_list)] = None

    def login_url(self, login: LoginUrl) -> URL | None:
        """Return the URL of this login, or None where it isn't set."""
        url: OptionalUrl = getattr(self, login.field)
        return url


class Settings(BaseSettings, DatabaseSettings):
    """Everything that the environment says; `load_settings()` reads it.

    Times are in seconds. Figures that are not set come from the preset.
    """

    model_config = SettingsConfigDict(
        env_prefix="APP_DB_", env_nested_delimiter="__", extra="ignore", frozen=True, hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )  # fmt: skip

    url: OptionalUrl = Field(default=None, validation_alias="DATABASE_URL")
    environment: Environment = Environment.DEVELOPMENT
    preset: str = "default"
    databases: dict[str, DatabaseSettings] = Field(default_factory=dict)
    role_prefix: str = Field(default="", pattern=r"^([a-z_][a-z0-9_]{0,19})?$")
    application_name: str = "app_db"
    echo: bool = False

    pool_size: int = Field(ge=1)
    max_overflow: int = Field(ge=0)
    pool_timeout: float = Field(gt=0)
    pool_recycle: float = Field(gt=0)
    pool_pre_ping: bool = True
    statement_timeout: float = Field(ge=0)
    lock_timeout: float = Field(ge=0)
    idle_in_transaction_timeout: float = Field(ge=0)
    connect_timeout: int = Field(default=10, ge=1)
    transaction_pooler: bool = False

    server_directory: Path | None = None
    server_binaries: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, values: dict[str, Any]) -> dict[str, Any]:
        production = values.get("environment") == Environment.PRODUCTION
        figures = preset_figures(values.get("preset", "default"), production=production)
        return {**figures, **values}

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Settings:
        if self.environment is Environment.PRODUCTION:
            for name, database in {"": self, **self.databases}.items():
                _check_production(database, f"APP_DB_DATABASES__{name.upper()}__" if name else "")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over files, so that a deployment can override what a checkout carries."""
        del settings_cls
        return init_settings, env_settings, file_secret_settings, dotenv_settings

    def database(self, name: str | None = None) -> DatabaseSettings:
        """Return the settings of the database of that name, or of the main one."""
        if name is None:
            return self
        if name not in self.databases:
            known = ", ".join(sorted(self.databases)) or "none"
            raise SettingsError(
                f"no database {name!r} is set up (known: {known}): set APP_DB_DATABASES__{name.upper()}__URL"
            )
        return self.databases[name]

    @property
    def is_local(self) -> bool:
        """Whether this is a developer's or a test's machine, where an embedded server may stand in."""
        return self.environment in {Environment.DEVELOPMENT, Environment.TEST}


def load_settings(directory: Path | None = None, **overrides: Any) -> Settings:
    """Read the environment, `.env.<environment>` and `.env` (the first that names a value wins), and the secrets.

    `directory` is where the two files are looked for (default: the current one). `APP_DB_SECRETS_DIR` names a folder
    with one file per variable. Raises SettingsError, which names each variable at fault and never its value.
    """
    directory = directory or Path.cwd()
    if "url" in overrides:
        overrides[LoginUrl.APPLICATION.value] = overrides.pop("url")
    secrets = os.environ.get("APP_DB_SECRETS_DIR")
    if secrets and not Path(secrets).is_dir():
        raise SettingsError(f"APP_DB_SECRETS_DIR is {secrets!r}, which is no directory: mount it, or unset it")
    files = [directory / ".env", directory / f".env.{_environment_name(directory, overrides)}"]
    try:
        return Settings(_env_file=files, _secrets_dir=secrets, **overrides)
    except UnreadableSetting as error:
        raise SettingsError(f"{error}: a setting with several parts is written as JSON") from None
    except ValidationError as error:
        problems = "; ".join(_problem(dict(part)) for part in error.errors(include_input=False, include_url=False))
        raise SettingsError(f"{problems}: correct it in the environment or in .env") from None


def _environment_name(directory: Path, overrides: dict[str, Any]) -> str:
    from dotenv import dotenv_values  # noqa: PLC0415  # only this function reads a file by itself

    named = overrides.get("environment") or os.environ.get("APP_DB_ENVIRONMENT")
    return str(named or dotenv_values(directory / ".env").get("APP_DB_ENVIRONMENT") or Environment.DEVELOPMENT)


def _problem(error: dict[str, Any]) -> str:
    field = "__".join(str(part) for part in error["loc"]).upper()
    variable = field if not field or field == "DATABASE_URL" else f"APP_DB_{field}"
    if error["type"] == "database_url":
        return f"{variable} {error['msg']}"
    return f"{variable} is unusable ({error['msg']})" if field else str(error["msg"])


def _check_production(database: DatabaseSettings, prefix: str) -> None:
    urls = {login: url for login in LoginUrl if (url := database.login_url(login)) is not None}
    if not urls:
        variable = f"{prefix}URL" if prefix else LoginUrl.APPLICATION.value
        raise SettingsError(
            f"{variable} is not set, and production never falls back to an embedded server: "
            "set it to postgresql://login:password@host:5432/database?sslmode=verify-full"
        )
    for login, url in urls.items():
        if not tls_is_enforced(url):
            variable = f"{prefix}{login.field.upper()}" if prefix else login.value
            raise SettingsError(
                f"{variable} has sslmode={url.query.get('sslmode', 'prefer (the default)')}, which may send the "
                "password and the data in the clear: add ?sslmode=require, or better ?sslmode=verify-full"
            )
