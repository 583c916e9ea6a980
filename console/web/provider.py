"""Signing in by an OpenID Connect provider: the code flow with PKCE and a nonce."""

import base64
import json
import secrets
import ssl
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636.challenge import create_s256_code_challenge
from authlib.oidc.core.claims import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

# What providers sign with; never `none`, and never a secret that clients know.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
CLOCKS_DIFFER_SECONDS = 60
ANSWER_BYTES_MAX = 1024 * 1024
_DISCOVERY = "/.well-known/openid-configuration"


class NotSignedIn(Exception):
    """The provider did not say who it is; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a browser keeps while somebody is at the provider: all that the answer must fit."""

    state: str
    nonce: str
    verifier: str
    next: str

    def kept(self) -> str:
        """Return it as text for a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, kept: str | None) -> "Pending":
        """Return what was kept. Raises NotSignedIn."""
        try:
            read = json.loads(base64.urlsafe_b64decode((kept or "").encode()))
            return cls(*(str(read[name]) for name in ("state", "nonce", "verifier", "next")))
        except (ValueError, KeyError, TypeError) as error:
            raise NotSignedIn("the browser kept nothing that fits") from error


class Provider:
    """A provider, as it describes itself under its issuer's address; it is asked when it is needed first."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        """Raise ValueError for an issuer whose answers anybody on the way could write."""
        parts = urlsplit(issuer)
        if not parts.hostname or not (parts.scheme == "https" or _is_this_machine(issuer)):
            raise ValueError("OIDC_ISSUER looks like https://login.example.com; http:// only to this machine")
        self.issuer = issuer
        self.client_id = client_id
        self._client_secret = client_secret
        self._http = PoolManager(
            timeout=Timeout(connect=5.0, read=10.0),
            retries=Retry(0, redirect=0),
            ssl_context=ssl.create_default_context() if parts.scheme == "https" else None,
        )

    def begin(self, redirect_uri: str, then: str) -> tuple[str, Pending]:
        """Return where the browser is sent, and what it keeps. Raises NotSignedIn if the provider is away."""
        pending = Pending(_unguessable(), _unguessable(), _unguessable(), then)
        url = prepare_grant_uri(
            self._described["authorization_endpoint"],
            self.client_id,
            "code",
            redirect_uri,
            "openid email profile",
            pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
        )
        return str(url), pending

    def finish(self, code: str, state: str, pending: Pending, redirect_uri: str, now: datetime) -> str:
        """Return the verified address of whoever came back with the code. Raises NotSignedIn."""
        if not secrets.compare_digest(state.encode(), pending.state.encode()):
            raise NotSignedIn("the answer is to another question")
        tokens = self._tokens(code, pending.verifier, redirect_uri)
        claims = self._claims(str(tokens.get("id_token")), pending.nonce, now)
        if "email" not in claims and "userinfo_endpoint" in self._described:
            told = self._ask("GET", "userinfo_endpoint", {"Authorization": f"Bearer {tokens.get('access_token')}"})
            if told.get("sub") != claims["sub"]:
                raise NotSignedIn("the provider tells of somebody else")
            claims = {**told, **claims}
        if claims.get("email_verified") not in (True, "true") or not isinstance(claims.get("email"), str):
            raise NotSignedIn("the provider has not verified an address")
        return str(claims["email"])

    @cached_property
    def _described(self) -> dict[str, Any]:
        described = self._fetch("GET", self.issuer.rstrip("/") + _DISCOVERY)
        if described.get("issuer") != self.issuer:
            raise NotSignedIn(f"the provider calls itself {described.get('issuer')!r}, not {self.issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            url = str(described.get(name))
            if not (url.startswith("https://") or _is_this_machine(url)):
                raise NotSignedIn(f"the provider's {name} is no https address")
        return described

    def _tokens(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        methods = self._described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        fields = {"code_verifier": verifier, "code": code}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if "client_secret_basic" in methods:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self._client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": self.client_id, "client_secret": self._client_secret}
        body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, **fields)
        return self._ask("POST", "token_endpoint", headers, body.encode())

    def _claims(self, id_token: str, nonce: str, now: datetime) -> dict[str, Any]:
        keys = KeySet.import_key_set(self._ask("GET", "jwks_uri"))  # type: ignore[arg-type]  # checked by it
        try:
            token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={"client_id": self.client_id, "nonce": nonce},
            )
            claims.validate(now=int(now.timestamp()), leeway=CLOCKS_DIFFER_SECONDS)
        except (JoseError, ValueError) as error:
            raise NotSignedIn(f"the provider's token does not hold: {error}") from error
        return dict(claims)

    def _ask(
        self, method: str, endpoint: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> dict[str, Any]:
        return self._fetch(method, str(self._described[endpoint]), headers, body)

    def _fetch(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> dict[str, Any]:
        given = {"Accept": "application/json", "User-Agent": "duewell", **(headers or {})}
        try:
            answer = self._http.request(method, url, body=body, headers=given, preload_content=False)
            content = answer.read(ANSWER_BYTES_MAX)
            answer.release_conn()
            said = json.loads(content)
        except (HTTPError, OSError, ValueError) as error:
            raise NotSignedIn(f"the provider cannot be asked: {type(error).__name__}") from error
        if answer.status != 200 or not isinstance(said, dict):
            raise NotSignedIn(f"the provider answered {answer.status} {_named(said)}".strip())
        return said


def _unguessable() -> str:
    return secrets.token_urlsafe(32)


def _named(said: object) -> str:
    return str(said.get("error", ""))[:100] if isinstance(said, dict) else ""


def _is_this_machine(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
