"""Settings from the environment, read by the entry points only (worker, starter, command line, devstack)."""

from functools import cache
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation may set; every name is the environment variable in capitals.

    Business settings (time zone, send time, tolerances) live in the ledger, because they belong to
    the organization and not to the machine.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    database_url: str = Field("postgresql://localhost/duewell", description="The ledger.")
    temporal_address: str = Field("localhost:7233", description="The Temporal frontend, host:port.")
    temporal_namespace: str = Field("default", description="The Temporal namespace.")
    temporal_api_key: str | None = Field(None, description="An API key; switches TLS on.")
    temporal_tls: bool = Field(False, description="Speak TLS to Temporal.")
    temporal_ui_url: str | None = Field(None, description="Where people find the Temporal Web UI.")
    smtp_url: str = Field(
        "smtp://localhost:25",
        description="smtp:// (STARTTLS when offered) or smtps://, with user:password@ where needed.",
    )
    resend_api_key: str | None = Field(None, description="A key of Resend; then mail goes out by its API.")
    resend_url: str = Field("https://api.resend.com", description="Where Resend's API is.")
    inbox_url: str | None = Field(
        None, description="The mailbox that replies and bounces come to: imaps://user:password@host/INBOX."
    )
    bounces_to: str | None = Field(
        None, description="Where mail servers send back what they cannot deliver, if not to the sender."
    )
    worker_threads: int = Field(
        16, ge=1, le=200, description="Plans at once, sends at once, and connections kept."
    )
    messages_per_second: float = Field(20.0, gt=0, description="Bound on sends, over all workers.")
    api_host: str = Field("127.0.0.1", description="Where the REST API listens.")
    api_port: int = Field(8000, ge=0, le=65535, description="The port that it listens on.")
    api_requests_per_minute: int = Field(600, ge=1, description="Bound on requests, for each key.")
    api_trusted_proxies: str = Field(
        "127.0.0.1", description="Addresses of proxies whose X-Forwarded-For counts, with commas between them."
    )
    console_url: str | None = Field(None, description="Where people find the pages, if not where they are served.")
    oidc_issuer: str | None = Field(None, description="The OpenID Connect provider by which people sign in.")
    oidc_client_id: str | None = Field(None, description="What Duewell is called at the provider.")
    oidc_client_secret: str | None = Field(None, description="By which the provider knows that it is Duewell.")
    log_format: Literal["text", "json"] = Field("text", description="How logs are written: for people or as JSON.")
    worker_build: str = Field("dev", description="Build id shown in Temporal for this worker's deployment.")


@cache
def settings() -> Settings:
    """Return the settings, read once. Raises pydantic.ValidationError for values that make no sense."""
    return Settings()
