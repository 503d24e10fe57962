"""A signing authority for trying credentials out, made by set-up and marked as a test. PLAIN.

Whoever trusts it trusts this machine alone. An archive that wants to be believed by others has its
own certificate (C2PA 2.1, section 14.5: the profile that both certificates here follow).
"""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANISATION = "Reelproof TEST authority, proves nothing"
ROOT, CHAIN, KEY = "test-root.pem", "test-certificates.pem", "test-key.pem"
_DAYS = 3650
_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """Where its files lie."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / ROOT

    @property
    def chain(self) -> Path:
        return self.folder / CHAIN

    @property
    def key(self) -> Path:
        return self.folder / KEY


def require_authority(folder: Path) -> Authority:
    """The authority in that folder, made if there is none; two at once make one.

    Raises: OSError.
    """
    found = Authority(folder)
    if not found.key.is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        _write(Authority(made))
        try:
            made.rename(folder)
        except OSError:
            # Another process was first; its authority counts.
            for path in made.iterdir():
                path.unlink()
            made.rmdir()
            if not found.key.is_file():
                raise
    return found


def _write(authority: Authority) -> None:
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("root", root_key.public_key(), root_key.public_key(), root_key, root=True)
    leaf = _certificate("signer", key.public_key(), root_key.public_key(), root_key, root=False)
    authority.root.write_bytes(_pem(root))
    authority.chain.write_bytes(_pem(leaf) + _pem(root))
    authority.key.touch(mode=0o600)
    authority.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # the root's own key is not kept: nothing else is ever signed by it


def _certificate(
    name: str,
    own: ec.EllipticCurvePublicKey,
    issuer: ec.EllipticCurvePublicKey,
    key: ec.EllipticCurvePrivateKey,
    *,
    root: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    uses = dict.fromkeys(_USES, False)
    uses |= {"key_cert_sign": True, "crl_sign": True} if root else {"digital_signature": True}
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("root"))
        .public_key(own)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
    )
    if not root:
        issued = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer)
        email = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(issued, critical=False).add_extension(email, critical=False)
    return made.sign(key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {common}"),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
