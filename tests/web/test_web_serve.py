"""The app on the local network: over TLS, with a certificate that the archive makes itself."""

import asyncio
import socket
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from pipeline.errors import UsageError
from pipeline.web.certificate import certificate
from pipeline.web.serve import _listen, own_names
from tests.web.office import PASSWORD, fill, running

HOST = "127.0.0.2"  # of this machine too, but not the address that browsers hold for safe


def test_on_the_network_the_app_speaks_tls_and_its_cookie_is_bound_to_it(tmp_path: Path) -> None:
    fill(tmp_path)
    with running(tmp_path, HOST) as office:
        assert office.address.startswith("https://")
        port = office.address.rsplit(":", 1)[1]
        trusted = ssl.create_default_context(cafile=str(tmp_path / "web" / "office.pem"))
        headers = {"sec-fetch-site": "same-origin"}
        with httpx.Client(
            base_url=f"https://{HOST}:{port}", verify=trusted, headers=headers
        ) as client:
            told = client.post("/sign-in", data={"name": "quan", "password": PASSWORD})
            cookie = told.headers["set-cookie"]
            assert cookie.startswith("__Host-sohoa=") and "Secure" in cookie
            assert "Chào" in client.get("/").text
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://{HOST}:{port}/sign-in")  # in the clear


def test_a_certificate_is_made_once_and_its_key_is_its_owners(tmp_path: Path) -> None:
    names = own_names(HOST)
    chain, key = certificate(tmp_path, names)
    first = chain.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert certificate(tmp_path, names)[0].read_bytes() == first
    assert certificate(tmp_path, names | {"10.1.2.3"})[0].read_bytes() != first
    chain.write_text("hỏng")
    assert b"BEGIN CERTIFICATE" in certificate(tmp_path, names)[0].read_bytes()


def test_a_port_that_is_taken_is_told_with_a_remedy() -> None:
    with _listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(UsageError, match="--port"):
            _listen("127.0.0.1", taken.getsockname()[1])


def test_answers_in_several_parts_are_not_held_back() -> None:
    told: list[int] = []

    def asked(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made = writer.get_extra_info("socket")
        told.append(made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def ask() -> None:
        listening = _listen("127.0.0.1", 0)
        async with await asyncio.start_server(asked, sock=listening):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            await reader.read()
            writer.close()

    with ThreadPoolExecutor(1) as pool:  # beside the loop of the browser's driver, if it runs
        pool.submit(asyncio.run, ask()).result()
    assert told and all(told)
