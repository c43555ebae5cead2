"""The certificate that the app shows on the local network; it makes it itself."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline.store.durable import durable_write

YEARS = 2  # that a certificate holds


def certificate(archive: Path, names: frozenset[str]) -> tuple[Path, Path]:
    """Return the certificate and key that the archive keeps; made when missing, old or not fitting.

    Raises:
        StorageError: they cannot be written.
    """
    chain, key = archive / "web" / "office.pem", archive / "web" / "office.key"
    if chain.exists() and key.exists() and _holds(chain, names):
        return chain, key
    private = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sohoa")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of an office differ
        .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    durable_write(key, private.private_bytes(pem, form, plain))
    key.chmod(0o600)
    durable_write(chain, made.public_bytes(pem))
    return chain, key


def _alternatives(names: frozenset[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in sorted(names):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _holds(chain: Path, names: frozenset[str]) -> bool:
    try:
        told = x509.load_pem_x509_certificate(chain.read_bytes())
        own = told.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)
    return told.not_valid_after_utc > soon and set(_alternatives(names)) <= set(own)
