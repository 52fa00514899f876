"""A print service: it takes letters as PDF, prints each key once, and refuses what it cannot post.

The contract is ours (docs/connect.md, Letters). `POST /letters` with a Bearer token, an `Idempotency-Key` and
`{"id", "to": {…}, "paper", "pages", "language", "pdf": base64}` answers 201 `{"id": "ltr_…"}`; a key whose letter was
taken is answered as then, whatever comes with it, or refused where something else comes with it, as some services do;
what was refused may be sent again.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json

_NEEDED = ("line1", "city", "country")
_MOST_PAGES = 6
_PAPERS = {"a4": (595, 842), "us-letter": (612, 792)}  # points


@dataclass
class PostedLetter:
    """One letter that was taken."""

    id: str
    key: str
    to: Json
    paper: str
    pdf: bytes
    body: Json

    @property
    def text(self) -> str:
        """What can be read of it."""
        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(self.pdf)).pages)


@dataclass
class LettersWorld:
    """The account with the print service. Thread-safe."""

    journal: Journal
    token: str = "letters-sandbox"  # noqa: S105  (the stand-in's own, known to everyone)
    unknown: set[str] = field(default_factory=set)  # streets to which nothing can be delivered
    compares: bool = False  # whether a key that comes again with another content is refused with 422
    _sent: list[PostedLetter] = field(default_factory=list)

    @property
    def sent(self) -> list[PostedLetter]:
        with self.journal.lock:
            return list(self._sent)

    def take(self, key: str, body: Json) -> tuple[int, Json]:
        """The answer to a letter, with its status."""
        with self.journal.lock:
            known = next((letter for letter in self._sent if letter.key == key), None)
            if known is None:
                return self._taken(key, body)
            if self.compares and known.body != body:
                return 422, {"error": "The key was used for another letter."}
            return 201, {"id": known.id}

    def _taken(self, key: str, body: Json) -> tuple[int, Json]:
        to = body.get("to")
        if not isinstance(to, dict) or any(not to.get(name) for name in _NEEDED) or not to.get("name_and_address"):
            return 422, {"error": "The address is not complete."}
        if to["line1"] in self.unknown:
            return 410, {"error": "Nothing can be delivered to this address."}
        try:
            pdf = base64.b64decode(body["pdf"], validate=True)
            pages = PdfReader(BytesIO(pdf)).pages
            sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in pages}
        except (KeyError, TypeError, binascii.Error, PyPdfError):
            return 400, {"error": "The PDF cannot be read."}
        if len(pages) > _MOST_PAGES:
            return 413, {"error": f"A letter has at most {_MOST_PAGES} pages."}
        if len(pages) != body.get("pages") or sizes != {_PAPERS.get(str(body.get("paper")))}:
            return 400, {"error": "The PDF has other pages than it is said to have."}
        letter = PostedLetter(self.journal.new_id("ltr"), key, to, body["paper"], pdf, body)
        self._sent.append(letter)
        said = {"to": "\n".join(to["name_and_address"]), "body": letter.text, "pages": len(pages)}
        self.journal.record("letters", "letter.accepted", {"message": letter.id}, key=key, data=said)
        return 201, {"id": letter.id}


def letters_app(world: LettersWorld) -> ASGIApp:
    """The ASGI application of the print service."""

    def is_authorised(request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {world.token}"

    async def take(request: Request) -> Response:
        if not is_authorised(request):
            return JSONResponse({"error": "The token is missing or wrong."}, 401)
        key = request.headers.get("idempotency-key")
        if not key:
            return JSONResponse({"error": "The Idempotency-Key header is missing."}, 400)
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return JSONResponse({"error": "The body has to be a JSON object."}, 400)
        status, answer = world.take(key, body)
        return JSONResponse(answer, status)

    async def look(request: Request) -> Response:
        if not is_authorised(request):
            return JSONResponse({"error": "The token is missing or wrong."}, 401)
        return JSONResponse({"letters": len(world.sent)})

    return Starlette(routes=[Route("/letters", take, methods=["POST"]), Route("/letters", look, methods=["GET"])])
