"""A collections agency: it takes handoffs with their evidence, and gives them back when they are recalled.

The contract is ours. `POST /handoffs` with a Bearer token, an `Idempotency-Key` and
`{"handoff_id": …, "bundle": {…}, "html": "…"}` answers 201 `{"reference": "AG-…"}`; the same key answers 200
with the same reference. `POST /handoffs/{reference}/recall` answers 200, also when it was recalled before.
"""

import json
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json


@dataclass
class Handoff:
    """One case at the agency."""

    reference: str
    handoff_id: str
    key: str
    bundle: Json
    html: str
    status: str = "accepted"


@dataclass
class AgencyWorld:
    """The agency's files. Thread-safe."""

    journal: Journal
    token: str = "agency-sandbox"  # noqa: S105  (the stand-in's own, known to everyone)
    _handoffs: dict[str, Handoff] = field(default_factory=dict)

    @property
    def handoffs(self) -> list[Handoff]:
        """Every handoff, the oldest first, recalled ones too."""
        with self.journal.lock:
            return list(self._handoffs.values())

    def take(self, key: str, body: Json) -> tuple[Handoff, bool]:
        """File a handoff once per key. Returns it, and whether it is new."""
        with self.journal.lock:
            known = next((h for h in self._handoffs.values() if h.key == key), None)
            if known is not None:
                self._note("handoff.repeated", known)
                return known, False
            reference = f"AG-{len(self._handoffs) + 1:06d}"
            handoff = Handoff(reference, body["handoff_id"], key, body["bundle"], body.get("html", ""))
            self._handoffs[reference] = handoff
            self._note("handoff.accepted", handoff)
            return handoff, True

    def recall(self, reference: str) -> Handoff | None:
        """Give a case back. None if the agency has no such file."""
        with self.journal.lock:
            handoff = self._handoffs.get(reference)
            if handoff is not None and handoff.status != "recalled":
                handoff.status = "recalled"
                self._note("handoff.recalled", handoff)
            return handoff

    def _note(self, kind: str, handoff: Handoff) -> None:
        invoice = handoff.bundle.get("invoice")
        invoice_id = invoice.get("id") if isinstance(invoice, dict) else invoice
        self.journal.record(
            "agency",
            kind,
            {
                "reference": handoff.reference,
                "handoff": handoff.handoff_id,
                "invoice": invoice_id if isinstance(invoice_id, str) else None,
            },
            key=handoff.key,
        )


def agency_app(world: AgencyWorld) -> ASGIApp:
    """The ASGI application of the agency."""

    def is_authorised(request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {world.token}"

    async def hand_off(request: Request) -> Response:
        if not is_authorised(request):
            return _error(401, "The token is missing or wrong.")
        key = request.headers.get("idempotency-key")
        if not key:
            return _error(400, "The Idempotency-Key header is missing.")
        try:
            body = json.loads(await request.body())
            is_complete = isinstance(body["handoff_id"], str) and isinstance(body["bundle"], dict)
        except (ValueError, KeyError, TypeError):
            is_complete = False
        if not is_complete:
            return _error(422, "The body needs a JSON object with `handoff_id` and `bundle`.")
        handoff, is_new = world.take(key, body)
        return JSONResponse({"reference": handoff.reference, "status": handoff.status}, 201 if is_new else 200)

    async def recall(request: Request) -> Response:
        if not is_authorised(request):
            return _error(401, "The token is missing or wrong.")
        handoff = world.recall(request.path_params["reference"])
        if handoff is None:
            return _error(404, "There is no handoff with this reference.")
        return JSONResponse({"reference": handoff.reference, "status": handoff.status})

    return Starlette(
        routes=[
            Route("/handoffs", hand_off, methods=["POST"]),
            Route("/handoffs/{reference}/recall", recall, methods=["POST"]),
        ]
    )


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
