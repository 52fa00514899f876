"""What a customer was told, read again: from the ledger alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from domain.events import ContactResult
from domain.record import Entry
from domain.renewal import Notice
from domain.rules.contacts import ContactCaps
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.messages import Address
from gateways.ports.renewals import NoticeRow, ReservedNotice
from gateways.ports.rows import ContactRow, CustomerRow
from tests.cases import an_opening_row
from tests.cli.commands import said
from tests.gateways.ledger.builders import reserve
from tests.new_ledger import new_ledger

WHEN = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
Run = Callable[..., Result]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[SqlLedger, Run]]:
    """A ledger with one case, and the command on it; no Temporal far and wide."""
    url = new_ledger(tmp_path / "ledger.db")
    env = {"DUNNING_DATABASE_URL": url, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    with closing(SqlLedger(url)) as ledger:
        row = an_opening_row("in_1", "cus_1").model_copy(update={"invoice_number": "A-0001"})
        ledger.open_case(row, CustomerRow(customer_id="cus_1"), "{}")
        yield ledger, lambda *words: CliRunner().invoke(app, ["messages", *words], env=env)


def told(
    ledger: SqlLedger,
    channel: Channel,
    text: str,
    html: str | None = None,
    state: str = "sent",
    address: str | None = None,
) -> None:
    subject = "" if channel is Channel.SMS else "Your payment failed"
    row = ContactRow(
        invoice_id="in_1",
        step=f"d03-{channel}",
        channel=channel,
        stage="friendly",
        key="dun:in_1:d03",
        state="sending",
        as_of=WHEN,
        started_at=WHEN,
        subject=subject,
        text=text,
        html=html,
        address=address,
    )
    reserve(ledger, row)
    ledger.finish_contact("in_1", row.step, channel, state, "id", Entry(at=WHEN, step=row.step, what=state, why=""))


def test_every_message_is_shown_as_the_customer_saw_it(books: tuple[SqlLedger, Run]) -> None:
    """Channel, address, time with its zone, subject and text, by any of the case's names."""
    ledger, messages = books
    told(ledger, Channel.EMAIL, "Hello Ada,\n\nplease pay.\n", "<p>Hello <b>Ada</b></p>", address="ada@example.com")
    told(ledger, Channel.SMS, "Please pay: https://pay.example/1", state="unreachable", address="+66810000")

    result = messages("A-0001")

    assert (0, "") == said(result)
    assert [
        "Invoice in_1: 2 messages (all times in UTC)",
        "",
        "2026-11-29 03:00  e-mail to ada@example.com, friendly: sent",
        "  Subject: Your payment failed",
        "",
        "  Hello Ada,",
        "",
        "  please pay.",
        "",
        "2026-11-29 03:00  SMS to +66810000, friendly: not delivered: the provider does not take it for this address",
        "  Please pay: https://pay.example/1",
    ] == result.stdout.splitlines()


def noticed(ledger: SqlLedger, key: str, channel: Channel, **fields: object) -> None:
    """Something that was said, or not, before a renewal of the customer."""
    given = {
        "key": key,
        "customer_id": "cus_1",
        "subscription_id": "sub_1",
        "notice": Notice.CARD_EXPIRES,
        "renews_at": WHEN,
        "segment": "any",
        "policy": "standard@1",
        "channel": channel,
        "state": "sending",
        "as_of": WHEN - timedelta(days=9),
        "started_at": WHEN,
    }
    row = NoticeRow.model_validate(given | fields)
    if row.state == "left_out":
        ledger.leave_out(row)
        return
    caps = ContactCaps(per_week=9, distance=timedelta(0), policy="standard@1")
    assert isinstance(ledger.begin_notice(row, Address(customer_id="cus_1"), caps), ReservedNotice)
    ledger.finish_notice(key, "sent", "id", "")


def test_what_was_said_before_a_renewal_was_seen_nowhere(books: tuple[SqlLedger, Run]) -> None:
    """Beside the case's messages, and of a customer also what was left out, with why."""
    ledger, messages = books
    told(ledger, Channel.SMS, "Please pay.")
    noticed(ledger, "n1", Channel.EMAIL, subject="Your card expires", text="Soon.", address="ada@example.com")
    noticed(ledger, "n2", Channel.SMS, state="left_out", why="opted out")

    of_case, of_customer = messages("in_1"), messages("cus_1")

    head = "2026-11-20 03:00  e-mail to ada@example.com, card_expires: sent"
    assert ["Invoice in_1: 2 messages (all times in UTC)", head] == of_case.stdout.splitlines()[0:3:2]
    assert "left out" not in of_case.stdout
    assert "Customer cus_1, before renewals: 2 messages (all times in UTC)" in of_customer.stdout
    assert head in of_customer.stdout
    assert "2026-11-20 03:00  SMS, card_expires: left out (opted out)" in of_customer.stdout
    assert "Please pay" not in of_customer.stdout


def test_a_message_that_bounced_was_shown_as_sent(books: tuple[SqlLedger, Run]) -> None:
    ledger, messages = books
    told(ledger, Channel.EMAIL, "Hello Ada", address="ada@example.com")
    ledger.contact_heard("dun:in_1:d03", ContactResult.INVALID_ADDRESS.value, "5.1.1", WHEN)

    line = messages("in_1").stdout.splitlines()[2]

    assert line.endswith("friendly: sent, invalid address 2026-11-29 03:00 (5.1.1)")


def test_pages_for_a_browser(books: tuple[SqlLedger, Run], tmp_path: Path) -> None:
    """An e-mail as it was sent; what was only text as text, whatever stands in it."""
    ledger, messages = books
    told(ledger, Channel.EMAIL, "Hello Ada", "<p>Hello <b>Ada</b></p>")
    told(ledger, Channel.SMS, "1 < 2\nPlease pay")
    folder = tmp_path / "new" / "pages"

    result = messages("in_1", "--html", str(folder))

    assert f"2 pages written to {folder}" == result.stderr.strip()
    pages = {file.name: file.read_text() for file in folder.iterdir()}
    assert "<p>Hello <b>Ada</b></p>" == pages["01-2026-11-29-email-friendly.html"]
    assert "1 &lt; 2\nPlease pay</p>" in pages["02-2026-11-29-sms-friendly.html"]


def test_messages_as_json_lines(books: tuple[SqlLedger, Run]) -> None:
    ledger, messages = books
    told(ledger, Channel.EMAIL, "Hello Ada", "<p>Hello</p>")

    [line] = messages("in_1", "--json").stdout.splitlines()

    assert ("email", "Hello Ada", "<p>Hello</p>") == tuple(json.loads(line)[key] for key in ("channel", "text", "page"))


def test_a_case_that_said_nothing_and_one_that_is_not_there(books: tuple[SqlLedger, Run], tmp_path: Path) -> None:
    _, messages = books
    (tmp_path / "file").touch()

    assert "Invoice in_1: 0 messages (all times in UTC)\n" == messages("in_1").stdout
    assert (1, "There is no case of invoice in_2: python starter.py list shows the ones there are.") == said(
        messages("in_2")
    )
    assert (2, f"{tmp_path / 'file'} cannot be written (File exists): name another folder.") == said(
        messages("in_1", "--html", str(tmp_path / "file"))
    )
