"""Inputs: the environment, parsed once. The only reader of environment variables."""

from .model import DatabaseSettings, Environment, Settings, load_settings
from .url import LoginUrl, parse_url

__all__ = ["DatabaseSettings", "Environment", "LoginUrl", "Settings", "load_settings", "parse_url"]
