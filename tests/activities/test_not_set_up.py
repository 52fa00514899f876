"""Workers without the settings of Twilio, the application or the agency: what they decide, and what they do not do."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.consent import NEEDS_OPT_IN
from domain.gates import Stopped
from domain.kinds.message import ContactState
from domain.steps import Access, Channel
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.endpoints import Endpoints
from tests.activities.builders import (
    AS_OF,
    OpenCase,
    Worker,
    a_contact,
    a_decision,
    a_handoff,
    a_recall,
    an_access,
    contacts,
    open_case,
    texts,
)
from tests.told import told, types

NO_TWILIO = {
    "TWILIO_ACCOUNT_SID": "",
    "TWILIO_AUTH_TOKEN": "",
    "TWILIO_FROM": "",
    "TWILIO_WHATSAPP_FROM": "",
    "TWILIO_WHATSAPP_TEMPLATES": "",
}
NO_APPLICATION = {"MERCHANT_WEBHOOK_URL": "", "MERCHANT_WEBHOOK_SECRET": ""}
NO_AGENCY = {"AGENCY_ENDPOINT": "", "AGENCY_TOKEN": ""}
NO_LINE = {"LINE_CHANNEL_ACCESS_TOKEN": ""}
NO_LETTERS = {"LETTER_URL": "", "LETTER_KEY": ""}
E_MAIL_ONLY = NO_TWILIO | NO_LINE | NO_LETTERS | NO_APPLICATION | NO_AGENCY


def no_access(worker: Worker, case: OpenCase) -> str | None:
    """Why a worker without an application would restrict nothing."""
    known = wiring.situations(Settings(), worker.ledger)
    return known.circumstances(a_decision(worker, case).case, AS_OF).installation.no_access


def test_a_decision_names_the_closed_channels_by_their_settings(worker: Worker) -> None:
    case = open_case(worker)
    decided = worker.restarted(**E_MAIL_ONLY).decide(a_decision(worker, case))

    assert {
        Channel.SMS: "TWILIO_ACCOUNT_SID is not set",
        Channel.NOTICE: "MERCHANT_WEBHOOK_URL is not set",
        Channel.WHATSAPP: "TWILIO_ACCOUNT_SID is not set",
        Channel.LINE: "LINE_CHANNEL_ACCESS_TOKEN is not set",
        Channel.LETTER: "neither LETTER_FOLDER nor LETTER_URL is set",
        Channel.PHONE: "CALL_BACK_NUMBER is not set",
    } == decided.closed_channels
    no_calls = {Channel.PHONE: "CALL_BACK_NUMBER is not set"}
    assert {**NEEDS_OPT_IN, **no_calls} == worker.decide(a_decision(worker, case)).closed_channels


def test_a_message_whose_channel_this_worker_lacks_is_put_off_and_decided_anew(
    world: ProviderWorld, worker: Worker
) -> None:
    """Another worker decided on it, with other settings: it is neither sent nor lost, and goes out by the fallback."""
    case = open_case(worker)
    small = worker.restarted(**NO_TWILIO)

    outcome = small.contact(a_contact(case, Channel.SMS))

    assert ContactState.STOPPED is outcome.state
    assert (
        Stopped(
            why="sms is not set up where the message was to be sent",
            rule="channel-not-set-up",
            until=AS_OF + timedelta(minutes=1),
        )
        == outcome.stopped
    )
    assert [] == contacts(world, case)
    assert ContactState.SENT is small.contact(a_contact(case)).state
    assert ContactState.SENT is worker.contact(a_contact(case, Channel.SMS)).state


def test_a_message_that_may_have_gone_out_before_the_settings_went_is_not_sent_again(
    world: ProviderWorld, worker: Worker
) -> None:
    case = open_case(worker)
    world.faults.add("twilio", "POST", "timeout_after")
    with pytest.raises(ApplicationError):
        worker.contact(a_contact(case, Channel.SMS))

    outcome = worker.restarted(**NO_TWILIO).contact(a_contact(case, Channel.SMS))

    assert ContactState.UNKNOWN is outcome.state
    assert 1 == len(texts(world, case))


def test_without_an_application_access_is_told_by_its_event_alone(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    before = len(world.merchant.received)
    small = worker.restarted(**NO_APPLICATION)

    small.set_access(an_access(case, Access.READ_ONLY))
    small.set_access(an_access(case, Access.FULL, "end-restore"))

    assert before == len(world.merchant.received)
    assert [("service.restricted", "read_only"), ("service.restored", "full")] == [
        (event.type, event.data["in_force"]) for event in told(worker.ledger, case.invoice_id)
    ]


def test_a_restriction_is_planned_as_soon_as_an_endpoint_hears_of_it_and_of_its_end(worker: Worker) -> None:
    """One that takes the restriction only would never give the service back."""
    case = open_case(worker)
    nobody = "MERCHANT_WEBHOOK_URL is not set, and no endpoint takes service.restricted and service.restored"
    endpoints = Endpoints(worker.ledger, lambda: AS_OF, private=True)
    url = "http://127.0.0.1:9/events"

    found = [no_access(worker, case)]
    half, _ = endpoints.add(url, ("service.restricted",))
    found.append(no_access(worker, case))
    whole, _ = endpoints.add(url)
    found.append(no_access(worker, case))
    worker.ledger.disable(whole, AS_OF, "it answered 500 for days")
    found.append(no_access(worker, case))
    for endpoint in (half, whole):
        worker.ledger.remove_endpoint(endpoint)

    assert [nobody, nobody, None, nobody] == found


def test_without_an_agency_an_ordered_handoff_is_an_operators(worker: Worker) -> None:
    """Nothing is written down as begun, so that the case can end without it."""
    case = open_case(worker)
    worker.decide(a_decision(worker, case))
    before = len(worker.ledger.record(case.invoice_id))
    small = worker.restarted(**NO_AGENCY)

    with pytest.raises(ApplicationError, match="AGENCY_ENDPOINT is not set") as caught:
        small.hand_off(a_handoff(case))

    assert caught.value.non_retryable
    assert before == len(worker.ledger.record(case.invoice_id))
    assert "" == small.hand_off(a_handoff(case, begun_only=True)).reference
    assert [] == types(worker.ledger, case.invoice_id)


def test_without_an_agency_a_recall_is_an_operators(worker: Worker) -> None:
    case = open_case(worker)
    reference = worker.hand_off(a_handoff(case)).reference

    with pytest.raises(ApplicationError, match="AGENCY_ENDPOINT is not set"):
        worker.restarted(**NO_AGENCY).recall(a_recall(case, reference))
