"""The cookie that a link becomes: for no script, no other site, and this server alone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def cookie_name(request: Request) -> str:
    """With the port: cookies do not tell servers of one machine apart."""
    return f"readingroom_{request.url.port or (443 if request.url.scheme == 'https' else 80)}"


def set_cookie(answer: Response, request: Request, cookie: str) -> None:
    """Until the browser ends."""
    secure = request.url.scheme == "https"
    answer.set_cookie(cookie_name(request), cookie, httponly=True, samesite="strict", path="/", secure=secure)
