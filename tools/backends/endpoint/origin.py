"""Scheme, host and port of a URL: what decides where bytes and bearers may go."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from readingroom.domain.loopback import is_loopback
from readingroom.errors import BadRequest


@lru_cache(maxsize=64)
def origin_of(url: str, setting: str) -> str:
    """`https://host:port` in lower case.

    Raises BadRequest, naming the setting and never the URL, for what is not https (http only to this machine), has no
    host, or carries a user name, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequest("this is not a URL", where=setting, do="Give https://<host>/score.") from None
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in url):
        raise BadRequest("this is not an https URL", where=setting, do="Give https://<host>/score.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadRequest("the URL carries a user name, a password or a fragment", where=setting, do="Leave it out.")
    if parts.scheme == "http" and not is_loopback(host):
        raise BadRequest(
            f"{host} would be asked without encryption", where=setting, do="Use https; http is for this machine only."
        )
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named.lower()}:{port or (443 if parts.scheme == 'https' else 80)}"


def host_of(url: str) -> str:
    """The host alone, for messages and logs."""
    return urlsplit(url).hostname or "?"
