"""Letters, as a worker sends them: into a folder, and to a print service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from pypdf import PdfReader
from temporalio.exceptions import ApplicationError

from domain.kinds.message import ContactState
from domain.postal import PostalAddress
from domain.steps import Channel
from sandbox.providers.faults import Mode
from sandbox.providers.letters import PostedLetter
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import NAME, OpenCase, Worker, a_contact, a_final_notice, contacts, open_case
from tests.letters import AUSTIN, BANGKOK, BERLIN, TOKYO, printed


class _Elsewhere(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(308)
        self.send_header("Location", "https://print.example/letters")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[str]:
    """A service that answers with another address."""
    with HTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/letters"
        server.shutdown()
        thread.join()


def in_folder(worker: Worker, folder: Path) -> Worker:
    return worker.restarted(LETTER_URL="", LETTER_KEY="", LETTER_FOLDER=str(folder))


def of(world: ProviderWorld, case: OpenCase) -> list[PostedLetter]:
    return [letter for letter in world.letters.sent if f":{case.invoice_id}:" in letter.key]


def moves(worker: Worker, case: OpenCase, **address: str | None) -> None:
    """The case knows of it: else the first message would be decided anew for the new place."""
    changes(worker, case, address=address)


def changes(worker: Worker, case: OpenCase, **fields: object) -> None:
    worker.world.stripe.update_customer(case.customer_id, **fields)
    stated = worker.payments.read_invoice(case.invoice_id).customer
    assert stated
    worker.ledger.customer_is(stated)


def test_a_letter_lies_in_the_folder_with_what_a_printer_has_to_know(worker: Worker, tmp_path: Path) -> None:
    case, printing = open_case(worker), in_folder(worker, tmp_path)

    outcome = printing.contact(a_final_notice(case, Channel.LETTER))

    pdf, about = sorted(tmp_path.glob("*.pdf")), sorted(tmp_path.glob("*.json"))
    [row] = worker.ledger.contacts(case.invoice_id)
    said = json.loads(about[0].read_text("utf-8"))
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf[0].read_bytes())).pages)
    assert (ContactState.SENT, 1, 1) == (outcome.state, len(pdf), len(about))
    assert (row.key, 1, "us-letter", "en") == (said["id"], said["pages"], said["paper"], said["language"])
    assert [NAME, "1 Main St", "Apt 2", "AUSTIN, TX 78701", "UNITED STATES"] == said["to"]["name_and_address"]
    assert AUSTIN.model_dump().items() <= said["to"].items()
    assert all(line in text for line in ("AUSTIN, TX 78701", "November 26, 2026", "December 20, 2026", "$19.99"))
    assert ("letter", "AUSTIN, TX 78701" in row.text, AUSTIN.text) == (row.channel, True, row.address)


def test_the_print_service_gets_what_the_ledger_keeps(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    moves(worker, case, **BERLIN.model_dump())

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    [row], [letter] = worker.ledger.contacts(case.invoice_id), of(world, case)
    assert (ContactState.SENT, letter.id, "a4") == (outcome.state, outcome.provider_id, letter.paper)
    assert [NAME, "Hauptstr. 1", "10115 Berlin"] == letter.to["name_and_address"]  # posted in the same country
    lines = row.text.replace(": ", "\n").split("\n")
    assert [] == [line for line in lines if printed(line) not in printed(letter.text)]


def test_an_incomplete_address_is_known_before_a_letter_is_tried(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    worker.ledger.customer_set(case.customer_id, {"postal_address": None})
    moves(worker, case, **(AUSTIN.model_dump() | {"postal_code": "n/a"}))

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert (ContactState.UNREACHABLE, "no complete postal address is known") == (outcome.state, outcome.why)
    assert [] == of(world, case)


def test_an_address_that_cannot_be_delivered_to_is_closed_to_all_cases(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    moves(worker, case, **(AUSTIN.model_dump() | {"line1": "13 Nowhere"}))
    world.letters.unknown.add("13 Nowhere")

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert ContactState.UNREACHABLE == outcome.state
    assert {Channel.LETTER: outcome.why} == worker.ledger.closed_channels(case.customer_id)
    moves(worker, case, **BERLIN.model_dump())
    assert ContactState.SENT == worker.contact(a_contact(case, Channel.LETTER)).state


def test_a_name_that_no_font_has_closes_no_address(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    changes(worker, case, name="ᠮᠣᠩᠭᠣᠯ")

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert ContactState.UNREACHABLE == outcome.state
    assert "LETTER_FONTS" in outcome.why
    assert {} == worker.ledger.closed_channels(case.customer_id)


def test_a_key_that_the_print_service_refuses_needs_an_operator(world: ProviderWorld, worker: Worker) -> None:
    case, wrong = open_case(worker), worker.restarted(LETTER_KEY="wrong")

    with pytest.raises(ApplicationError, match="check LETTER_KEY"):
        wrong.contact(a_contact(case, Channel.LETTER))

    assert ContactState.SENT == worker.contact(a_contact(case, Channel.LETTER)).state
    assert 1 == len(contacts(world, case))


def test_the_day_of_a_key_begins_with_the_first_request(world: ProviderWorld, worker: Worker) -> None:
    """Each try began it anew, and the service may have forgotten the key by then: two letters."""
    case = open_case(worker)
    world.faults.add("letters", "POST", Mode.TIMEOUT_AFTER, times=2)
    for _ in range(2):
        with pytest.raises(ApplicationError):
            worker.contact(a_contact(case, Channel.LETTER))
    [tried] = worker.ledger.contacts(case.invoice_id)

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    [row] = worker.ledger.contacts(case.invoice_id)
    assert (ContactState.SENT, tried.started_at) == (outcome.state, row.started_at)
    assert 1 == len(of(world, case))


def test_a_print_service_that_has_moved_closes_nobodys_address(worker: Worker) -> None:
    """Each letter closed one more address for good."""
    case = open_case(worker)
    with elsewhere() as url:
        lost = worker.restarted(LETTER_URL=url)
        with pytest.raises(ApplicationError, match="correct LETTER_URL"):
            lost.contact(a_contact(case, Channel.LETTER))

    assert {} == worker.ledger.closed_channels(case.customer_id)


def test_a_print_service_that_refuses_a_key_with_another_letter_closes_nobodys_address(
    world: ProviderWorld, worker: Worker
) -> None:
    """It says nothing of the address; a letter that is written again, with a corrected name, was the last one there."""
    case = open_case(worker)
    world.letters.compares = True
    world.faults.add("letters", "POST", Mode.TIMEOUT_AFTER, times=1)
    with pytest.raises(ApplicationError):
        worker.contact(a_contact(case, Channel.LETTER))
    changes(worker, case, name="Ada Byron")

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert (ContactState.UNREACHABLE, 1) == (outcome.state, len(of(world, case)))
    assert {} == worker.ledger.closed_channels(case.customer_id)


@pytest.mark.parametrize(("address", "language", "words"), [(BANGKOK, "th", "ใบแจ้งหนี้"), (TOKYO, "ja", "請求書")])
def test_thai_and_japanese_are_printed_with_their_own_signs(
    world: ProviderWorld, worker: Worker, address: PostalAddress, language: str, words: str
) -> None:
    case = open_case(worker)
    changes(worker, case, address=address.model_dump(), preferred_locales=[language], name="佐藤 花子")

    assert ContactState.SENT == worker.contact(a_contact(case, Channel.LETTER)).state

    [letter] = of(world, case)
    assert printed(words) in printed(letter.text)
    assert printed(address.line1) in printed(letter.text)


@pytest.mark.parametrize("name", ["Win $1000 at evil.example", "Call +1 900 555 0100 now", "null"])
def test_a_name_that_held_a_link_or_a_call_was_printed_on_the_envelope(
    world: ProviderWorld, worker: Worker, name: str
) -> None:
    """R36: the letter goes another way, and closes no address."""
    case = open_case(worker)
    changes(worker, case, name=name)

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert (ContactState.UNREACHABLE, "no name is known to write on a letter") == (outcome.state, outcome.why)
    assert ([], {}) == (of(world, case), worker.ledger.closed_channels(case.customer_id))


@pytest.mark.parametrize("kept", ["n/a", "1 Main St, Austin", "1 Main St\n\n\n\n\n"])
def test_what_is_no_postal_address_stopped_the_case_for_an_operator(
    world: ProviderWorld, worker: Worker, kept: str
) -> None:
    """R30: kept from before it was read so."""
    case = open_case(worker)
    worker.ledger.customer_set(case.customer_id, {"postal_address": kept})

    outcome = worker.contact(a_contact(case, Channel.LETTER))

    assert (ContactState.UNREACHABLE, "no complete postal address is known") == (outcome.state, outcome.why)
    assert [] == of(world, case)


def test_a_letter_goes_where_the_customer_lives_by_now(world: ProviderWorld, worker: Worker) -> None:
    """R33: decided on for another place, the message is decided anew; then it is posted there."""
    case = open_case(worker)
    world.stripe.update_customer(case.customer_id, address=BERLIN.model_dump())

    first = worker.contact(a_contact(case, Channel.LETTER))
    second = worker.contact(a_contact(case, Channel.LETTER))

    [letter] = of(world, case)
    assert (ContactState.STOPPED, ContactState.SENT) == (first.state, second.state)
    assert "10115 Berlin" in letter.to["name_and_address"]


def test_failure_14_the_link_on_a_letter_is_ours_and_leads_to_the_page_of_the_day(
    world: ProviderWorld, worker: Worker
) -> None:
    """Paper lies for weeks: the provider's own link would have run out."""
    case = open_case(worker)
    ours = worker.restarted(DUNNING_LINK_SECRETS="s" * 32, WEB_PUBLIC_URL="https://dunning.acme.example")

    assert ContactState.SENT == ours.contact(a_contact(case, Channel.LETTER)).state

    [letter] = of(world, case)
    assert "https://dunning.acme.example/p/" in printed(letter.text)
    assert printed(world.stripe.get(case.invoice_id)["hosted_invoice_url"]) not in printed(letter.text)
