"""An authority of the tests, and what it gives out: for a server on this machine, and for who comes in."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Authority:
    """Where its own certificate lies, and what it made."""

    ca: Path
    cert: Path
    key: Path
    client_cert: Path
    client_key: Path


def made_in(folder: Path) -> Authority:
    """A whole set in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("Stam van de tests")
    root = _signed(name, key.public_key(), name, key, authority=True)
    _write(folder / "ca.pem", root)
    paths = {}
    for word, usage in (("cert", ExtendedKeyUsageOID.SERVER_AUTH), ("client_cert", ExtendedKeyUsageOID.CLIENT_AUTH)):
        own = ec.generate_private_key(ec.SECP256R1())
        paths[word] = folder / f"{word}.pem"
        _write(paths[word], _signed(_name(word), own.public_key(), name, key, usage=usage))
        paths[word.replace("cert", "key")] = folder / f"{word}.key"
        form = serialization.PrivateFormat.PKCS8
        secret = own.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        paths[word.replace("cert", "key")].write_bytes(secret)
    return Authority(folder / "ca.pem", **paths)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if authority:
        uses = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        made = made.add_extension(uses, critical=True)
    if usage is not None:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return made.sign(key, hashes.SHA256())


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
