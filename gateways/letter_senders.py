"""Letters out of the house: into a folder that somebody prints from, or to a print service over HTTP.

The contract with the service is ours: see docs/connect.md.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.postal import PostalAddress
from domain.rules.refusals import About, RefusalTable
from gateways.folders import move, named, put
from gateways.http_errors import retry_after
from gateways.ports.messages import Address, Letter, Press, Printed, Rendered, Sent
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import LookupImpossible, ProviderMisuse, ProviderTrouble, Unreachable

_KEPT = timedelta(hours=23)
"""For how long the same key is taken once: print services keep keys for a day from the first request."""


_ELSEWHERE = "The print service is at another address than LETTER_URL says (it redirects): correct LETTER_URL."


class LetterFolder:
    """`ports.Sender` as files: `{key}.pdf`, and `{key}.json` with the address, the pages and the language.

    A letter is there when its JSON is, complete and once; the PDF is always there before it. Whoever prints takes both
    away; an empty file below `.written` stays, by which a try whose answer was lost is known. The JSON is written
    beside that file and moved last: with both there, nothing was printed yet; with the mark alone, it was.
    """

    def __init__(self, press: Press, folder: Path) -> None:
        self._press = press
        self._folder = folder

    def __repr__(self) -> str:
        return f"LetterFolder({str(self._folder)!r})"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Writes one letter unless it is there. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        if self.find(address, message, key, datetime.now(UTC)) is None:
            letter, where = _asked(address, message)
            printed = self._press.printed(letter)
            put(named(self._folder, key, ".pdf"), printed.pdf, "LETTER_FOLDER")
            about = json.dumps(_said(letter, where, printed, key), ensure_ascii=False, indent=2)
            put(self._ready(key), about.encode(), "LETTER_FOLDER")
            put(self._mark(key), b"", "LETTER_FOLDER")
            move(self._ready(key), named(self._folder, key, ".json"), "LETTER_FOLDER")
        return Sent(provider_id=key)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        was_there = self._mark(key).exists() and not self._ready(key).exists()
        return Sent(provider_id=key) if was_there else None

    def require_access(self) -> None:
        """Raises ProviderTrouble or ProviderMisuse when nothing can be written."""
        mark = self._mark("doctor")
        put(mark, b"", "LETTER_FOLDER")
        mark.unlink(missing_ok=True)

    def _mark(self, key: str) -> Path:
        return named(self._folder / ".written", key, "")

    def _ready(self, key: str) -> Path:
        return named(self._folder / ".written", key, ".json")


class LetterService:
    """`ports.Sender` over HTTP: `POST {url}` of JSON with the PDF in it.

    The contact's key travels as `Idempotency-Key`: the same letter sent again is answered as the first time, and
    printed once.
    """

    def __init__(
        self,
        press: Press,
        url: str,
        secret: str,
        timeout: timedelta,
        refusals: RefusalTable,
        meter: Meter = NO_METER,
    ) -> None:
        self._press = press
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._client = httpx.Client(timeout=timeout.total_seconds())
        self._refusals = refusals
        self._meter = meter

    def __repr__(self) -> str:
        return f"LetterService({self._url!r})"

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Hands one letter over. Raises Unreachable, ProviderTrouble or ProviderMisuse."""
        letter, where = _asked(address, message)
        printed = self._press.printed(letter)
        body = _said(letter, where, printed, key) | {"pdf": base64.b64encode(printed.pdf).decode()}
        answer = self._post(json.dumps(body, ensure_ascii=False).encode(), key)
        if not answer.is_success:
            raise self._translated(answer)
        try:
            found = answer.json()["id"]
        except (ValueError, KeyError, TypeError):
            found = None
        return Sent(provider_id=found if isinstance(found, str) and found.isprintable() else None)

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:  # noqa: ARG002
        """There is no look-up: the same key is asked again instead, for as long as it is taken once."""
        if datetime.now(UTC) - since >= _KEPT:
            raise LookupImpossible("The print service may know no key that is older than a day.")
        return None

    def require_access(self) -> None:
        """Raises ProviderTrouble or ProviderMisuse when letters could not be handed over."""
        try:
            with self._meter.call("letter", "look") as call:
                answer = self._client.get(self._url, headers=self._headers)
                status = answer.status_code
                call.answered(status)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ProviderMisuse("LETTER_URL is not an http or https address: correct it.") from None
        except httpx.HTTPError:
            raise ProviderTrouble("The print service cannot be reached: check LETTER_URL.") from None
        found = self._refusals.of([str(status)])
        # It need not have an answer to a look; but to the key, and one at all.
        if answer.is_redirect:
            raise ProviderMisuse(_ELSEWHERE)
        if status in (401, 402, 403):
            raise ProviderMisuse(found.why)
        if status >= 500:
            raise ProviderTrouble(f"The print service answered {status}.")

    def _post(self, body: bytes, key: str) -> httpx.Response:
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": key}
        try:
            with self._meter.call("letter", "send a letter") as call:
                answer = self._client.post(self._url, content=body, headers=headers)
                call.answered(answer.status_code)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ProviderMisuse("LETTER_URL is not an http or https address: correct it.") from None
        except httpx.HTTPError as error:
            never_reached = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            raise ProviderTrouble("The print service cannot be reached.", not_executed=never_reached) from None
        return answer

    def _translated(self, answer: httpx.Response) -> Exception:
        status = answer.status_code
        if status >= 500:
            return ProviderTrouble(f"The print service answered {status}.", retry_after(answer.headers))
        if answer.is_redirect:
            return ProviderMisuse(_ELSEWHERE)
        found = self._refusals.of([str(status)])
        match found.about:
            case About.ADDRESS | About.WISH | About.COUNTRY:
                return Unreachable(found.why, found.rule, found.about)
            case About.ACCOUNT:
                return ProviderMisuse(found.why)
            case About.NOW:
                # The same key may be in hand at this moment.
                return ProviderTrouble(found.why, retry_after(answer.headers), not_executed=status == 429)


def _asked(address: Address, message: Rendered) -> tuple[Letter, PostalAddress]:
    where = PostalAddress.read(address.postal_address)
    if where is None or message.letter is None:
        raise Unreachable("The customer has no complete postal address.")
    return message.letter, where


def _said(letter: Letter, where: PostalAddress, printed: Printed, key: str) -> dict[str, Any]:
    """What a printer has to know beside the PDF."""
    return {
        "id": key,
        "to": {"name_and_address": letter.recipient, **where.model_dump()},
        "paper": letter.paper,
        "pages": printed.pages,
        "language": letter.language,
    }
