"""Names and addresses go to the customer and to the agency, and nowhere else that outlives the call."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError

from domain.steps import Access, Channel
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    BROKE,
    NAME,
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_contact,
    a_decision,
    a_handoff,
    a_recall,
    a_write_off,
    an_access,
    open_case,
)
from tests.activities.test_renewal_notice import Announced
from tests.new_ledger import new_ledger

PROVIDERS = ("stripe", "sendgrid", "twilio", "merchant", "agency")
TROUBLE = ("500", "429", "timeout_after", "malformed")
WRONG_KEYS = {
    "STRIPE_API_KEY": "sk_test_typo",
    "SENDGRID_API_KEY": "SG.typo",
    "TWILIO_AUTH_TOKEN": "typo",
    "MERCHANT_WEBHOOK_SECRET": "typo",
    "AGENCY_TOKEN": "typo",
}
SECRETS = ("sk_test_sandbox", "SG.sandbox", "sandbox-token", "dwhsec_sandbox", "agency-sandbox", *WRONG_KEYS.values())

EFFECTS: tuple[Callable[[Worker, OpenCase], object], ...] = (
    lambda worker, case: worker.charge(a_charge(case)),
    lambda worker, case: worker.contact(a_contact(case)),
    lambda worker, case: worker.contact(a_contact(case, Channel.SMS)),
    lambda worker, case: worker.contact(a_contact(case, Channel.NOTICE)),
    lambda worker, case: worker.set_access(an_access(case, Access.READ_ONLY)),
    lambda worker, case: worker.cancel_subscription(a_cancellation(case)),
    lambda worker, case: worker.hand_off(a_handoff(case)),
    lambda worker, case: worker.recall(a_recall(case, "AG-999999")),
    lambda worker, case: worker.mark_uncollectible(a_write_off(case)),
    lambda worker, case: worker.decide(a_decision(worker, case)),
)


def whole_case(worker: Worker, case: OpenCase) -> str:
    """Runs every activity once, and returns what they answered and with what they failed."""
    said = []
    for effect in EFFECTS:
        try:
            said.append(repr(effect(worker, case)))
        except ApplicationError as error:
            said.append(f"{error!r} {error.details!r} {error.__cause__!r}")
    return "\n".join(said)


def canaries(case: OpenCase) -> list[str]:
    assert case.email is not None
    assert case.phone is not None
    # The number also as it stands in an address of the web.
    return [NAME, NAME.split()[0], case.email, case.email.replace("@", "%40"), case.phone, case.phone.lstrip("+")]


def found(case: OpenCase, *texts: str) -> list[str]:
    """The canaries and secrets that stand in the texts."""
    return [hidden for hidden in (*canaries(case), *SECRETS) for text in texts if hidden in text]


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    """What an operator gets who sets the log level to DEBUG in a hurry."""
    caplog.set_level(logging.DEBUG)


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_names_nobody(
    world: ProviderWorld, worker: Worker, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """Neither answers nor failures nor the log: they stay in Temporal's history and in log stores."""
    case = open_case(worker, BROKE)
    for provider in PROVIDERS:
        world.faults.add(provider, "(POST|DELETE)", trouble, times=2)

    said = whole_case(worker, case)
    world.faults.clear()
    said += whole_case(worker, case)

    assert "ApplicationError" in said
    assert [] == found(case, said, caplog.text)


def test_misuse_names_nobody(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    """All keys are wrong: the settings are named, neither their values nor the customer."""
    case = open_case(worker, BROKE)
    working = worker.restarted(**{name: value for name, value in WRONG_KEYS.items() if name != "STRIPE_API_KEY"})

    said = whole_case(worker.restarted(**WRONG_KEYS), case) + whole_case(working, case)

    for setting in WRONG_KEYS:
        assert setting in said
    assert [] == found(case, said, caplog.text)


def test_an_address_that_is_refused_is_not_repeated(
    world: ProviderWorld, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """Providers name the number that they refuse; we do not."""
    case = open_case(worker, BROKE)
    assert case.phone is not None
    world.twilio.landline(case.phone)

    said = whole_case(worker, case)

    assert "The phone number is not a mobile number." in said
    assert [] == found(case, said, caplog.text)


def test_the_record_names_nobody(world: ProviderWorld, tmp_path: Path) -> None:
    """Only customers and what they were told hold personal data in the ledger: those can be erased, it cannot.

    The ledger is this test's own: customers of all tests have one name.
    """
    new_ledger(tmp_path / "ledger.db")
    with closing(Worker(world, tmp_path)) as worker:
        case = open_case(worker, BROKE)
        world.faults.add("sendgrid", "POST", "429")
        whole_case(worker, case)
        whole_case(worker, case)
        Announced(worker).told()

    database = sqlite3.connect(tmp_path / "ledger.db")
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = {
        table: str(database.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608
        for table in tables
    }
    database.close()

    assert ["contacts", "customers", "notices"] == sorted(table for table, rows in kept.items() if found(case, rows))
    for table in ("record", "outbox"):
        assert case.invoice_id in kept[table]
