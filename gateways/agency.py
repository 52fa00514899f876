"""A collections agency: an HTTP endpoint of its own, or a folder from which somebody takes the bundles."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx

from gateways.folders import named, put
from gateways.http_post import Party, post
from gateways.ports.agency import Agency, EvidenceBundle
from gateways.ports.metering import NO_METER, Meter
from gateways.ports.trouble import NotFound, ProviderTrouble

_PARTY = Party("agency", "The collections agency", "AGENCY_ENDPOINT", "AGENCY_TOKEN")


def agency_for(endpoint: str, token: str | None, timeout: timedelta, meter: Meter = NO_METER) -> Agency:
    """The agency behind `endpoint`: an http(s) address, or else a folder, which is made when it is missing."""
    if endpoint.lower().startswith(("http://", "https://")):
        return HttpAgency(endpoint, token, timeout, meter)
    return FolderAgency(Path(endpoint))


class HttpAgency:
    """`ports.Agency` over HTTP: `POST {endpoint}/handoffs` and `POST {endpoint}/handoffs/{reference}/recall`.

    The handoff id travels as `Idempotency-Key`: a repeated delivery is answered with the same reference.
    """

    def __init__(self, endpoint: str, token: str | None, timeout: timedelta, meter: Meter = NO_METER) -> None:
        self._meter = meter
        self._handoffs = f"{endpoint.rstrip('/')}/handoffs"
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(timeout=timeout.total_seconds())

    def __repr__(self) -> str:
        return f"HttpAgency(handoffs={self._handoffs!r})"

    def hand_off(self, handoff_id: str, bundle: EvidenceBundle) -> str:
        """Delivers the bundle and returns the agency's reference. Raises ProviderTrouble or ProviderMisuse."""
        body = {"handoff_id": handoff_id, "bundle": json.loads(bundle.json_text), "html": bundle.html}
        answer = self._post("hand off", self._handoffs, body, handoff_id)
        try:
            reference = answer.json()["reference"]
        except (ValueError, KeyError, TypeError):
            reference = None
        if not isinstance(reference, str) or not reference:
            raise ProviderTrouble("The collections agency answered without a reference; it is asked again.")
        return reference

    def recall(self, reference: str, why: str, key: str) -> None:
        """Takes the case back. Recalled already is success."""
        try:
            self._post("recall", f"{self._handoffs}/{quote(reference, safe='')}/recall", {"why": why}, key)
        except NotFound:
            raise NotFound(f"The collections agency does not know the reference {reference}: ask it.") from None

    def _post(self, operation: str, url: str, body: dict[str, object], key: str) -> httpx.Response:
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Idempotency-Key": key, **self._authorization}
        return post(self._client, url, content, headers, _PARTY, self._meter, operation)


class FolderAgency:
    """`ports.Agency` as files: `{handoff_id}.html` and `.json` for a handoff, `{reference}.recall.json` for a recall.

    A handoff is there when its JSON is, complete and once; the page is always there before it. The reference is the
    handoff id. The files hold personal data: only their owner may read them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        return f"FolderAgency({str(self._folder)!r})"

    def hand_off(self, handoff_id: str, bundle: EvidenceBundle) -> str:
        """Writes the bundle unless it is there already. Raises ProviderTrouble (no room) or ProviderMisuse."""
        if not named(self._folder, handoff_id, ".json").exists():
            put(named(self._folder, handoff_id, ".html"), bundle.html.encode(), "AGENCY_ENDPOINT")
            put(named(self._folder, handoff_id, ".json"), bundle.json_text.encode(), "AGENCY_ENDPOINT")
        return handoff_id

    def recall(self, reference: str, why: str, key: str) -> None:
        """Writes the recall beside the handoff."""
        if not named(self._folder, reference, ".json").exists():
            raise NotFound(f"There is no handoff {reference} in the folder of AGENCY_ENDPOINT.")
        content = json.dumps({"reference": reference, "why": why, "key": key}, ensure_ascii=False, indent=2)
        put(named(self._folder, reference, ".recall.json"), content.encode(), "AGENCY_ENDPOINT")
