"""What the audit counts of calls that no person makes: each promise is seen broken, in the count where it belongs."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.play.audit import PROMISES
from sandbox.play.audit_of_automatic_calls import AUTOMATIC
from sandbox.play.evidence import Evidence
from sandbox.play.report_of_calls import Ended, calls_by_end
from sandbox.providers.journal import LogEntry
from sandbox.providers.merchant import Told
from tests.sandbox.play.journals import (
    FINALIZED,
    INVOICE,
    PAID,
    Happened,
    agrees,
    by_machine,
    called,
    counts,
    dialled,
    email,
    queued,
)

NOON = datetime.fromisoformat("2030-04-04T12:00+07:00")
LATER = {"step": "d14-call", "call": "CA2"}


def found(*happened: Happened, at: datetime = NOON, **more: Any) -> dict[str, int]:
    seen = {number: at + timedelta(minutes=number) for number in range(1, len(happened) + 2)}
    return counts([FINALIZED, *happened], [queued(), queued("d14-call")], seen_at=seen, **more)


def test_its_promises_are_the_audits() -> None:
    assert set(AUTOMATIC) <= set(PROMISES)


def test_a_call_to_who_has_agreed_is_no_fault() -> None:
    assert {} == found(agrees(), dialled(), by_machine(), law=True)


def test_a_call_to_who_has_not_agreed_is_counted() -> None:
    assert {"machines_unasked": 1} == found(dialled(), by_machine())
    assert {"machines_unasked": 1} == found(agrees("+66899999999"), dialled(), by_machine())
    assert {"machines_unasked": 1} == found(dialled(), by_machine(), agrees())


@pytest.mark.parametrize(
    ("result", "also"), [("opted_out", "contacts_after_opt_out"), ("wrong_number", "strangers_told")]
)
@pytest.mark.parametrize("by", [by_machine, called])
def test_a_call_to_who_wants_none_any_more_is_counted(result: str, also: str, by: Any) -> None:
    """Whether they have said so to a machine or to a person."""
    happened = [agrees(), dialled(), by_machine("voicemail", stranger=True)]
    happened += [by(result, step="d09-call", stranger=True), dialled("CA2"), by_machine(**LATER)]
    said = found(*happened)

    assert {"machines_unasked": 1, also: 1} == {name: said[name] for name in ("machines_unasked", also)}


def test_a_call_that_belongs_to_no_case_is_counted() -> None:
    assert {"unexplained_messages": 1} == found(agrees(), dialled())


@pytest.mark.parametrize("text", ["It is about invoice 12", "Es geht um eine Forderung", "au sujet d’un paiement"])
def test_a_debt_that_is_named_before_a_key_is_counted(text: str) -> None:
    """Also where it is the customer who answers; to a machine nothing is said but that."""
    assert {"machines_told": 1} == found(agrees(), dialled(), by_machine(unasked=text))
    assert {"machines_told": 1, "debts_told": 1} == found(
        agrees(), dialled(), by_machine("voicemail", text, unasked=text, stranger=True)
    )
    assert {} == found(agrees(), dialled(), by_machine(unasked="Hello. This is the automatic service of Nimbus."))


def test_a_link_that_comes_a_week_later_is_counted() -> None:
    happened = [FINALIZED, agrees(), dialled(), by_machine("pay_link"), email()]
    seen = {4: NOON, 5: NOON + timedelta(days=7)}

    assert 1 == counts(happened, [queued()], seen_at=seen)["links_unsent"]


def test_a_link_that_does_not_come_is_counted() -> None:
    """Of a person's call as well; nobody needs it who has paid."""
    asked = [agrees(), dialled(), by_machine("pay_link")]

    assert 1 == found(*asked)["links_unsent"]
    assert "links_unsent" not in found(*asked, email())
    assert "links_unsent" not in found(*asked, PAID, outcome="recovered")
    assert 1 == found(email(), *asked)["links_unsent"]
    assert 1 == found(called("pay_link"))["links_unsent"]


@pytest.mark.parametrize("local", ["2030-04-04T08:40", "2030-04-04T20:30", "2030-04-07T12:00", "2030-04-15T12:00"])
def test_a_call_at_night_on_a_sunday_or_a_holiday_is_counted(local: str) -> None:
    at = datetime.fromisoformat(f"{local}+07:00")

    assert {"contacts_out_of_hours": 1} == found(agrees(), dialled(), by_machine(), at=at)


def test_the_hours_of_the_law_are_counted() -> None:
    """Ontario: on a Sunday only in the afternoon."""
    sunday = datetime.fromisoformat("2030-04-14T11:00-04:00")
    said = found(agrees(), dialled(), by_machine(), at=sunday, law=True, country="CA", region="ON")

    assert 1 == said["unlawful_hours"]


def test_a_voice_in_another_language_is_counted_also_where_a_stranger_hears_it() -> None:
    assert {"wrong_language": 1} == found(
        agrees(), dialled(), by_machine("voicemail", "", stranger=True, locales=["en-US"])
    )


def _told(type_: str, step: str = "d07-call", number: int = 1, **said: str) -> Told:
    return Told(f"{type_}-{number}", {"type": type_, "data": {"case": {"invoice": INVOICE}, "source": step, **said}})


@pytest.mark.parametrize(
    ("told", "untold"),
    [
        ([_told("call.done", result="reached")], 0),
        ([_told("call.due"), _told("call.done", result="reached")], 0),  # a person might have made it as well
        ([], 1),
        ([_told("call.done", result="voicemail")], 1),
        ([_told("call.due"), _told("call.due", number=2), _told("call.done", result="reached")], 1),
        ([_told("call.done", result="reached"), _told("call.done", number=2, result="withdrawn")], 1),
    ],
)
def test_how_it_ended_is_told_once(told: list[Told], untold: int) -> None:
    assert untold == found(agrees(), dialled(), by_machine(), told=told, outcome="recovered").get("calls_untold", 0)


def test_the_report_has_people_and_machines_apart() -> None:
    happened = (called("reached"), by_machine("reached"), by_machine("voicemail"))
    journal = [
        LogEntry(number, NOON, provider, kind, {}, key, data)
        for number, (provider, kind, key, data) in enumerate(happened, start=1)
    ]
    told = [_told("step.refused", kind="call"), _told("step.refused", number=2, kind="contact")]

    assert {
        "left out": Ended(1, 0),
        "reached": Ended(1, 1),
        "voicemail": Ended(0, 1),
    } == calls_by_end(Evidence(journal, {}, {}, [], told=told))
