"""A passkey in Python: what a browser with a key answers, and what somebody may forge."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url as text

HOST, ORIGIN = "localhost", "http://localhost"
PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey. `count` is how often it signed, or 0 for ever, as of passkeys in a cloud."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    counts: bool = True
    origin: str = ORIGIN
    host: str = HOST
    flags: int = PRESENT

    def made(self, options: dict[str, Any]) -> str:
        """Answer to navigator.credentials.create()."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        about = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self.data(self.flags | HAS_KEY) + about
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self.answer(
            clientDataJSON=self.client_data("webauthn.create", options["challenge"]),
            attestationObject=attested,
            transports=["internal", "internal", "odd"],
        )

    def signed(self, options: dict[str, Any]) -> str:
        """Answer to navigator.credentials.get()."""
        if self.counts:
            self.count += 1
        client = self.client_data("webauthn.get", options["challenge"])
        data = self.data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self.answer(clientDataJSON=client, authenticatorData=data, signature=signature)

    def client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def data(self, flags: int) -> bytes:
        hashed = hashlib.sha256(self.host.encode()).digest()
        return hashed + struct.pack(">BI", flags, self.count)

    def answer(self, **response: Any) -> str:
        written = {
            name: text(value) if isinstance(value, bytes) else value
            for name, value in response.items()
        }
        name = text(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": written})
