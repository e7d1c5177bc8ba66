"""Things the citizen's browser keeps for us without being able to read or forge them.

Guarantees: a seal opens only for the purpose it was made for, only with this office's secret and only until it lapses.
Fails by opening to None.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken

_TOKEN_BYTES = 18


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals short texts with the office's secret."""

    secret: bytes

    def seal(self, purpose: str, text: str, *, at: datetime) -> str:
        """Text that only `open` with the same purpose reads back."""
        return self._fernet(purpose).encrypt_at_time(text.encode(), int(at.timestamp())).decode()

    def open(self, purpose: str, sealed: str, *, at: datetime, lasting: timedelta) -> str | None:
        """What was sealed, or None when it was not sealed by us for this purpose or has lapsed."""
        try:
            opened = self._fernet(purpose).decrypt_at_time(
                sealed.encode(),
                int(lasting.total_seconds()),
                int(at.timestamp()),
            )
        except InvalidToken:
            return None
        return opened.decode()

    def form_token(self) -> str:
        """A fresh token to issue with a form, so that the form sent twice is known."""
        nonce = secrets.token_urlsafe(_TOKEN_BYTES)
        return f"{nonce}.{self._signature(nonce)}"

    def read_form_token(self, token: str) -> str | None:
        """The unguessable part of a token we issued, or None."""
        nonce, _, signature = token.partition(".")
        if nonce and hmac.compare_digest(signature.encode(), self._signature(nonce).encode()):
            return nonce
        return None

    def _signature(self, nonce: str) -> str:
        return hmac.new(self.secret, b"form:" + nonce.encode(), hashlib.sha256).hexdigest()[:24]

    def _fernet(self, purpose: str) -> Fernet:
        key = hmac.new(self.secret, b"seal:" + purpose.encode(), hashlib.sha256).digest()
        return Fernet(base64.urlsafe_b64encode(key))
