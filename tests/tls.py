"""Certificates of the test's own authority, and mail servers that show them."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.helpers import free_port

KEY_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Authority:
    """Makes certificates; its own is in the file `trusted`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of tests")])
        signs = dict.fromkeys(KEY_USES, False) | {"key_cert_sign": True, "crl_sign": True}
        own = self._made(self.name, self.key, timedelta(days=1))
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        own = own.add_extension(x509.KeyUsage(**signs), critical=True)
        self.trusted = folder / "authority.pem"
        self.trusted.write_bytes(_pem(own.sign(self.key, hashes.SHA256())))

    def context(self, host: str = "localhost", *, lasts: timedelta = timedelta(days=1)) -> Any:
        """Return what a server needs to show a certificate for a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        made = self._made(name, key, lasts).add_extension(names, critical=False)
        file = self.folder / f"{host}-{lasts.days}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(secret + _pem(made.sign(self.key, hashes.SHA256())))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _made(self, name: x509.Name, key: Any, lasts: timedelta) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + lasts)
            # Python 3.13 asks for both (RFC 5280 4.2.1).
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class TlsServer:
    """A mail server on loopback that speaks TLS from the start (`smtps`) or after STARTTLS."""

    context: ssl.SSLContext | None
    smtps: bool = False
    size: int = 0
    answer_to_auth: Callable[[str, str], AuthResult] | None = None
    port: int = field(default_factory=free_port)
    said: list[tuple[str, bool]] = field(default_factory=list)
    """What was said: the command and, for AUTH and MAIL, whether it was encrypted."""
    signed_in: list[tuple[bytes, bytes]] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        options: dict[str, Any] = {"data_size_limit": self.size or None}
        if self.context and not self.smtps:
            options |= {"tls_context": self.context}
        if self.answer_to_auth:
            options |= {"authenticator": self._authenticate, "auth_require_tls": False}
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=self.context if self.smtps else None,
            **options,
        )
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def mailers(self, host: str = "localhost", **options: Any) -> dict[str, Any]:
        mailer = {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": host, "port": self.port, "timeout": 10, **options},
        }
        return {"default": mailer, "bulk": mailer}

    # What aiosmtpd calls

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.said.append((f"AUTH {mechanism}", session.ssl is not None or self.smtps))
        self.signed_in.append((data.login, data.password))
        assert self.answer_to_auth
        return self.answer_to_auth(data.login.decode(), data.password.decode())

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        session.host_name = name
        self.said.append(("EHLO", session.ssl is not None or self.smtps))
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.said.append(("MAIL", session.ssl is not None or self.smtps))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.recipients += [str(address) for address in envelope.rcpt_tos]
        return "250 OK"
