"""The merchant's own short addresses of payment pages: `https://dunning.example.com/p/` and a signed code."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

PATH = "/p/"

_LENGTH = 10
"""60 bits: nobody guesses one of a million codes in 10 billion tries."""
_CODE = re.compile(rf"[A-Za-z0-9_-]{{{_LENGTH}}}", re.ASCII)


class ShortLinks:
    """A code is the beginning of a signature of the invoice's id, so that an invoice has one address, whoever makes it.

    public_url: what stands before the path. secrets: the newest first; what was made with an older one is kept.
    """

    def __init__(self, public_url: str, secrets: Sequence[str]) -> None:
        self._before = public_url.rstrip("/") + PATH
        self._secret = secrets[0].encode()

    def code(self, invoice_id: str) -> str:
        digest = hmac.new(self._secret, f"short-link:{invoice_id}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode()[:_LENGTH]

    def link(self, code: str) -> str:
        return self._before + code


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None
