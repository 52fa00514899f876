"""What the Stripe gateway sends over the wire: how many requests, to where, over which connections."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from gateways.ports.trouble import NotFound, ProviderTrouble
from gateways.stripe_payments import StripePayments
from gateways.stripe_shapes import read_invoice
from sandbox.providers.world import ProviderWorld
from tests.gateways.stripe_cases import BROKE, LONG_AGO, open_invoice, watched
from tests.gateways.stripe_json import COMMON, CURRENT


class _FixedServer(ThreadingHTTPServer):
    """Answers every request with the same JSON, and keeps connections open."""

    def __init__(self, answer: object) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = json.dumps(answer).encode()
        self.connections = 0
        self.headers: list[dict[str, str]] = []

    @property
    def payments(self) -> StripePayments:
        return StripePayments("sk_test_1", f"http://127.0.0.1:{self.server_port}", timedelta(seconds=5))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _FixedServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        pass


@contextmanager
def _answering(answer: object) -> Iterator[_FixedServer]:
    server = _FixedServer(answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _failed_invoice(world: ProviderWorld) -> str:
    owner = world.stripe.add_customer("Ada Example", country="TH")
    world.stripe.add_card(owner, behaviour=BROKE)
    return world.stripe.fail_first_payment(owner, amount=2000, currency="usd")


def test_reading_an_invoice_is_one_request(world: ProviderWorld, payments: StripePayments) -> None:
    """A contact needs to know only what is due now, and from whom."""
    invoice_id = _failed_invoice(world)

    with watched(world) as requests:
        invoice = payments.read_invoice(invoice_id)

    assert [f"GET /v1/invoices/{invoice_id}"] == requests
    assert invoice.customer is not None
    assert ("Ada Example", "TH") == (invoice.customer.name, invoice.customer.country)
    assert "Ada" not in repr(invoice)


def test_the_codes_of_a_failure_are_one_request_more(world: ProviderWorld, payments: StripePayments) -> None:
    """Only the charge shows what the network said, and when."""
    invoice_id = _failed_invoice(world)
    without = payments.read_invoice(invoice_id)

    with watched(world) as requests:
        complete = payments.read_invoice(invoice_id, with_decline=True)

    assert 2 == len(requests)
    assert requests[-1].startswith("GET /v1/charges/ch_")
    assert without.last_decline is not None
    assert complete.last_decline is not None
    assert (None, "declined_by_network") == (without.last_decline.network_status, complete.last_decline.network_status)
    assert (True, False) == (without.last_failed_at is None, complete.last_failed_at is None)


def test_a_charge_that_succeeds_is_one_request(world: ProviderWorld, payments: StripePayments) -> None:
    """The answer shows the invoice after it."""
    invoice = payments.read_invoice(open_invoice(world))

    with watched(world) as requests:
        payments.pay(invoice, "dun:1")

    assert [f"POST /v1/invoices/{invoice.id}/pay"] == requests


def test_an_id_leads_to_no_other_place(world: ProviderWorld, payments: StripePayments) -> None:
    """Ids come from other systems' files."""
    with watched(world) as requests, pytest.raises(NotFound):
        payments.read_invoice("in_1/../../customers?limit=1#")

    assert ["GET /v1/invoices/in_1/../../customers?limit=1#"] == requests  # one segment: the journal shows it decoded


@pytest.mark.parametrize("answer", [None, [], "no", 0])
def test_an_answer_that_is_no_object_is_trouble(answer: object) -> None:
    """A proxy on the way may answer 200 with anything: nothing is concluded from it."""
    with _answering(answer) as server, pytest.raises(ProviderTrouble, match="answered 200"):
        server.payments.read_invoice("in_1")


def test_a_list_that_is_none_is_not_taken_for_an_empty_one() -> None:
    """Else a charge that was made would be taken for one that never was."""
    with _answering(CURRENT) as server, pytest.raises(ProviderTrouble, match="cannot be read"):
        server.payments.find_attempt(read_invoice(CURRENT), LONG_AGO)


def test_a_thread_keeps_its_connection() -> None:
    """Many threads charge at the same time: a new connection for every request would cost more than the request."""
    ready = threading.Barrier(4)

    def read_five_times(payments: StripePayments) -> None:
        ready.wait(5)
        for _ in range(5):
            payments.read_invoice("in_1")

    with _answering(COMMON) as server, ThreadPoolExecutor(4) as threads:
        list(threads.map(read_five_times, [server.payments] * 4))

    assert (20, 4) == (len(server.headers), server.connections)


def test_every_request_names_the_version_that_the_sdk_was_made_for() -> None:
    """Else Stripe would answer in the account's own version, whatever that is."""
    with _answering(COMMON) as server:
        server.payments.read_invoice("in_1")

    assert [stripe.api_version] == [headers["stripe-version"] for headers in server.headers]
