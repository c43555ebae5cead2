"""What stands before every request: hosts, origins, sizes; and the headers of every answer.

Pure ASGI, so that it also guards what no route knows. What it decides on is the scope itself,
never a URL that was put together from the request (CVE-2026-48710).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pipeline.words import speak

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_BODY_BYTES = 2 * 2**20  # of forms and JSON; uploads have their own bound
# The one style that openseadragon 6.1.1 adds to a page: no ring around a picture on phones.
OPENSEADRAGON_STYLE = "sha256-9xTiqzfwFaL2SGb1rmr8gysEwVVjIvqWAgmZgqFqpEE="
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{OPENSEADRAGON_STYLE}'",
        "img-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
)
NOT_KEPT = (b"cache-control", b"no-store")  # personal data stays in no cache


class TooLargeError(Exception):
    """A body grew beyond its bound."""


class Guard:
    """Let through what may come in.

    Args:
        app: what is guarded.
        hosts: names and addresses (without port) that a request may be for.
        uploads: how paths begin whose bodies may be larger, and by how many bytes.
    """

    def __init__(self, app: App, *, hosts: frozenset[str], uploads: dict[str, int]) -> None:
        self._app, self._hosts, self._uploads = app, hosts, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        most = next(
            (size for path, size in self._uploads.items() if scope["path"].startswith(path)),
            MOST_BODY_BYTES,
        )
        if _host(headers) not in self._hosts:
            await _refuse(send, 421, "Misdirected request")
        elif scope["method"] not in SAFE and not _is_own(scope, headers):
            await _refuse(send, 403, "Cross-site request")
        elif _length(headers) > most:
            await _refuse(send, 413, "Too large")
        else:
            speak(_cookie(headers, "sohoa-lang"))
            try:
                await self._app(scope, _bounded(receive, most), _with_headers(send))
            except TooLargeError:
                await _refuse(send, 413, "Too large")


def _host(headers: dict[bytes, str]) -> str:
    host = headers.get(b"host", "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.strip("[]")


def _is_own(scope: Scope, headers: dict[bytes, str]) -> bool:
    """Say whether a request comes from our own page, or from a program that names its token.

    Such a program sends no cookie, so nobody can make a browser send its requests.
    """
    if headers.get(b"authorization", "").startswith("Bearer "):
        return b"cookie" not in headers
    if site := headers.get(b"sec-fetch-site"):
        return site == "same-origin"
    return headers.get(b"origin") == f"{scope['scheme']}://{headers.get(b'host', '')}"


def _length(headers: dict[bytes, str]) -> int:
    told = headers.get(b"content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


def _cookie(headers: dict[bytes, str], name: str) -> str:
    for part in headers.get(b"cookie", "").split(";"):
        key, _equals, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def _bounded(receive: Receive, most: int) -> Receive:
    came = 0

    async def bounded() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise TooLargeError
        return message

    return bounded


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = list(message.get("headers", []))
            if not any(name.lower() == b"cache-control" for name, _value in kept):
                kept.append(NOT_KEPT)
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sending


async def _refuse(send: Send, status: int, reason: str) -> None:
    told = reason.encode()
    length = str(len(told)).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", length), NOT_KEPT, *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": told})
