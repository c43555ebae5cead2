"""The connection to an Elasticsearch server: addresses, TLS, key; what goes wrong as sentences."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elastic_transport.client_utils import DEFAULT
from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    Elasticsearch,
    UnsupportedProductError,
)

from pipeline.errors import StorageError, UsageError
from pipeline.settings import API_KEY, ElasticsearchSettings
from pipeline.words import _

BUSY = (429, 502, 503, 504)  # or a node is missing: worth another try
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_addresses(settings: ElasticsearchSettings) -> None:
    """Let addresses pass that are whole and safe.

    Raises:
        UsageError: one is not an address, or would send names over the network in the clear.
    """
    if not settings.hosts:
        raise UsageError(_("chưa ghi địa chỉ Elasticsearch (`hosts`) trong sohoa.toml"))
    for host in settings.hosts:
        try:
            parts = urlsplit(host)
            is_whole = parts.scheme in ("http", "https") and bool(parts.hostname and parts.port)
        except ValueError:
            is_whole = False
        if not is_whole or parts.username:
            raise UsageError(
                _("địa chỉ Elasticsearch “{host}” sai; viết như https://10.0.0.5:9200").format(
                    host=host
                )
            )
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise UsageError(
                _("“{host}” không mã hóa đường truyền; với máy khác phải dùng https").format(
                    host=host
                )
            )


@cache
def client(settings: ElasticsearchSettings) -> Elasticsearch:
    """Return the client of a process, with its pool of connections.

    Raises:
        UsageError: the file of the key, or of the certificate, cannot be used.
    """
    is_safe = all(host.startswith("https:") for host in settings.hosts)
    return Elasticsearch(
        list(settings.hosts),
        api_key=settings.api_key or _key_of(settings.api_key_file) or None,
        ssl_context=_trust(settings.ca_file) if is_safe else DEFAULT,
        request_timeout=settings.timeout_s,
        retry_on_status=BUSY,
        retry_on_timeout=True,  # on another node; a write that comes twice does no harm
    )


@contextmanager
def explained(settings: ElasticsearchSettings, name: str) -> Iterator[None]:
    """Turn what the client raises into a sentence; never what a document or a query holds.

    Args:
        settings: of the server.
        name: what the names of the archive's indices begin with.
    """
    try:
        yield
    except (TransportError, ApiError) as error:
        sentence = _sentence(error, name)
        raise StorageError(
            _("Elasticsearch ({hosts}): {sentence}").format(
                hosts=", ".join(settings.hosts), sentence=sentence
            )
        ) from error


def _sentence(error: TransportError | ApiError, name: str) -> str:
    if isinstance(error, TlsError):
        return _("chứng chỉ TLS không được tin cậy; hãy kiểm tra `ca_file` trong sohoa.toml")
    if isinstance(error, ConnectionTimeout):
        return _("máy chủ không trả lời kịp; bản ghi vẫn an toàn trong kho")
    if isinstance(error, UnsupportedProductError):
        return _("máy chủ ở đó không phải Elasticsearch")
    if isinstance(error, TransportError):
        return _(
            "không nối được; bản ghi vẫn an toàn trong kho, khi máy chủ chạy lại hãy gọi "
            "“sohoa sync”"
        )
    if isinstance(error, AuthenticationException):
        return _("khóa API không được nhận; hãy kiểm tra `api_key_file` hoặc biến {name}").format(
            name=API_KEY
        )
    if isinstance(error, AuthorizationException):
        return _("khóa API không có quyền trên các chỉ mục {name}*").format(name=name)
    return _("máy chủ từ chối ({status} {reason})").format(
        status=error.meta.status, reason=error.error[:80]
    )


def _trust(file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file or None)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            _("`ca_file` {file} không dùng được làm chứng chỉ").format(file=file)
        ) from error


def _key_of(file: str) -> str:
    """Return the key in a file that none but its owner can read."""
    if not file:
        return ""
    try:
        mode = Path(file).stat().st_mode
        key = Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(_("không đọc được khóa API ở {file}").format(file=file)) from error
    if os.name == "posix" and mode & 0o077:
        raise UsageError(
            _("người khác đọc được khóa API ở {file}; hãy chạy: chmod 600 {file}").format(file=file)
        )
    return key
