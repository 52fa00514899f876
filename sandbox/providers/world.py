"""The stand-in world: all providers behind one HTTP server on this machine, in a thread of this process."""

import asyncio
import socket
import threading
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sandbox.providers.agency import AgencyWorld, agency_app
from sandbox.providers.ending import EndsInOrder
from sandbox.providers.exchange import KeepTransport
from sandbox.providers.faults import Faults, InnerFaults, OuterFaults
from sandbox.providers.http_server import HttpServer
from sandbox.providers.journal import Clock, Journal, LogEntry, utc_now
from sandbox.providers.letters import LettersWorld, letters_app
from sandbox.providers.line import LineWorld, line_app
from sandbox.providers.merchant import MerchantWorld, merchant_app
from sandbox.providers.sendgrid import SendGridWorld, sendgrid_app
from sandbox.providers.stripe_api import stripe_app
from sandbox.providers.stripe_world import StripeWorld
from sandbox.providers.twilio import TwilioWorld, twilio_app
from sandbox.providers.webhooks import Outbox

HOST = "127.0.0.1"


class ProviderWorld:
    """All providers, their state and the journal of what happened. Use it as a context manager, or `start()` and
    `stop()` it.

    port:  0 takes a free one.
    clock: the world's time for `created` and the journal; the real time by default.
    world_id: eight hexadecimal digits that all ids of this world have; chosen at random by default.
    """

    def __init__(self, *, port: int = 0, clock: Clock = utc_now, world_id: str | None = None) -> None:
        self.doors: list[BaseRoute] = []  # further routes beside the providers', set before start()
        self._wanted_port = port
        self._port: int | None = None
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None
        self._app: EndsInOrder | None = None
        self.journal = Journal(clock, world_id)
        self.lock = self.journal.lock
        self.faults = Faults(self.journal)
        self.outbox = Outbox(self.journal)
        self.stripe = StripeWorld(self.journal, self.outbox)
        self.sendgrid = SendGridWorld(self.journal, self.outbox)
        self.twilio = TwilioWorld(self.journal, self.outbox)
        self.line = LineWorld(self.journal, self.outbox)
        self.letters = LettersWorld(self.journal)
        self.merchant = MerchantWorld(self.journal)
        self.agency = AgencyWorld(self.journal)

    @property
    def log(self) -> list[LogEntry]:
        """A copy of the journal so far, in order."""
        with self.lock:
            return list(self.journal.entries)

    @property
    def base_url(self) -> str:
        if self._port is None:
            raise RuntimeError("The stand-in world has no address yet: start() it first.")
        return f"http://{HOST}:{self._port}"

    @property
    def stripe_url(self) -> str:
        return f"{self.base_url}/stripe"

    @property
    def sendgrid_url(self) -> str:
        return f"{self.base_url}/sendgrid"

    @property
    def twilio_url(self) -> str:
        return f"{self.base_url}/twilio"

    @property
    def line_url(self) -> str:
        return f"{self.base_url}/line"

    @property
    def letters_url(self) -> str:
        return f"{self.base_url}/letters"

    @property
    def merchant_url(self) -> str:
        return f"{self.base_url}/merchant"

    @property
    def agency_url(self) -> str:
        return f"{self.base_url}/agency"

    def reached_in_process(self) -> None:
        """Have an address without listening there: whoever uses `application` has a way of their own to it."""
        self._port = 1

    def start(self) -> None:
        """Listen. Raises RuntimeError with a sentence if the port is taken."""
        # asyncio turns Nagle off only where the protocol is named; else every answer of two packets waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, self._wanted_port))
        except OSError as error:
            listener.close()
            raise RuntimeError(
                f"The providers' stand-ins cannot listen on {HOST}:{self._wanted_port} ({error.strerror}): "
                "stop what uses that port or choose another one."
            ) from error
        self._port = listener.getsockname()[1]
        self._app = EndsInOrder(self.application())
        config = uvicorn.Config(
            KeepTransport(self._app),
            http="h11",
            loop="asyncio",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
            # As nginx keeps an idle connection. After uvicorn's own five seconds a request can meet it being closed.
            timeout_keep_alive=75,
        )
        self._server = HttpServer(config)
        self._thread = threading.Thread(
            target=self._serve, args=[self._server, listener], name="sandbox-providers", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(timeout=10):
            raise RuntimeError("The providers' stand-ins did not start within 10 seconds.")

    def give_up(self) -> None:
        """Ends the requests that are in hand: each is answered at once, with 503."""
        if self._app and self._server:
            self._server.in_its_thread(self._app.end)

    def stop(self) -> None:
        """Close the server and end its threads. The state stays readable."""
        self.outbox.stop()
        self.faults.clear()
        self.give_up()
        if self._server is not None:
            self._server.leave()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def __enter__(self) -> "ProviderWorld":
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @staticmethod
    def _serve(server: HttpServer, listener: socket.socket) -> None:
        asyncio.run(server.serve(sockets=[listener]))

    def application(self) -> ASGIApp:
        """All providers as one ASGI application, each below its own prefix."""
        providers = Starlette(
            routes=[
                Route("/", _health),
                *self.doors,
                # Stripe puts its idempotency keys between the two layers of faults by itself.
                Mount("/stripe", OuterFaults(stripe_app(self.stripe), "stripe", self.faults)),
                self._mount("sendgrid", sendgrid_app(self.sendgrid)),
                self._mount("twilio", twilio_app(self.twilio)),
                self._mount("line", line_app(self.line)),
                self._mount("letters", letters_app(self.letters)),
                self._mount("merchant", merchant_app(self.merchant)),
                self._mount("agency", agency_app(self.agency)),
            ]
        )
        return KeepTransport(providers)

    def _mount(self, provider: str, app: ASGIApp) -> Mount:
        return Mount(f"/{provider}", OuterFaults(InnerFaults(app, provider), provider, self.faults))


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
