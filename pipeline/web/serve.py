"""The web app as a server of one process: where it listens, and over what.

On this machine alone it speaks plain HTTP, which browsers hold for safe there. On the local
network it speaks TLS with a certificate that it makes itself, once: cookies and personal data
must not pass a switch in the clear.
"""

import contextlib
import ctypes
import os
import socket
from collections.abc import Callable

import uvicorn

from pipeline.errors import UsageError
from pipeline.web.app import LOCAL, make_app
from pipeline.web.shell import Office, outward_address
from pipeline.words import _

# Of glibc's malloc, `malloc.h`: blocks of this size on go back to the system when they are freed,
# and no thread has a heap of its own. Without, pictures of pages cost 330 MB where 192 do.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES, _HEAPS = 1_000_000, 2


def give_memory_back() -> None:
    """Have freed memory of pictures go back to the system; elsewhere than on glibc nothing."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, _HEAPS)


def own_names(host: str) -> frozenset[str]:
    """Return the names and addresses that this machine is called by when it listens there."""
    if host in LOCAL:
        return LOCAL
    name = socket.gethostname().lower()
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    except OSError:
        found = set()
    found |= {name, f"{name}.local", outward_address()}
    return LOCAL | frozenset(one for one in found if one) | {host} - {"0.0.0.0", "::"}


def serve(office: Office, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve until the process is asked to end.

    Args:
        host: a loopback address, or another one: then over TLS.
        port: 0: any free one.
        on_ready: called with the address once requests are answered.

    Raises:
        UsageError: the port is taken.
        StorageError: the certificate cannot be written.
    """
    give_memory_back()
    names = own_names(host)
    listening = _listen(host, port)
    settings: dict[str, object] = {}
    if host not in LOCAL:
        from pipeline.web.certificate import certificate  # 7 MB, and for the network alone

        chain, key = certificate(office.settings.archive, names)
        settings = {"ssl_certfile": str(chain), "ssl_keyfile": str(key)}
    config = uvicorn.Config(
        make_app(office, names),
        workers=1,
        access_log=False,  # addresses hold queries, and queries hold names
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        **settings,  # type: ignore[arg-type]
    )
    shown = host if host in LOCAL else outward_address() or host
    scheme = "http" if host in LOCAL else "https"
    server = _Server(config, lambda: on_ready(f"{scheme}://{shown}:{listening.getsockname()[1]}"))
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's delay on: 40 ms for each answer in two parts.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name != "nt":  # there it would let another program take the port over
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            _("không mở được cổng {port} ở {host} ({reason}); hãy chọn --port khác").format(
                port=port, host=host, reason=error.strerror
            )
        ) from error
    return made


class _Server(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()
