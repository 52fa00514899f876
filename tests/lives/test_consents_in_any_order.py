"""Consents and opt-outs hold in any order of events: who said no last is not written to, however late it was told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from domain.consent import Purpose
from domain.protection import Protected, Protection, SetBy, standing
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from gateways.provider_facts import CustomerConsented
from service.consents import of_consent
from tests.new_ledger import new_ledger

START = datetime(2026, 11, 1, tzinfo=UTC)
PERSONS = 250


def said(random: Random, customer: str) -> list[CustomerConsented]:
    """What one person says of one channel, each at another time."""
    moments = sorted(random.sample(range(1000), random.randint(1, 6)))
    return [
        CustomerConsented(
            provider="billing",
            event_type="consent",
            event_id=f"{customer}/{number}",
            at=START + timedelta(minutes=minutes),
            customer_id=customer,
            channel=Channel.EMAIL,
            wanted=random.random() < 0.5,
            purpose=random.choice(list(Purpose)),
        )
        for number, minutes in enumerate(moments)
    ]


def test_who_said_no_last_is_not_written_to_in_whatever_order_it_is_told(tmp_path: Path) -> None:
    """An opt-out has no purpose: nothing that we say is promotion. Each is told once or twice."""
    ledger = SqlLedger(new_ledger(tmp_path / "ledger.db"))
    for seed in range(PERSONS):
        random, customer = Random(seed), f"cus_{seed}"
        facts = [
            fact if fact.wanted else fact.model_copy(update={"purpose": Purpose.SERVICE})
            for fact in said(random, customer)
        ]
        told = [fact for fact in facts for _ in range(random.randint(1, 2))]
        random.shuffle(told)
        for fact in told:
            of_consent(ledger, fact)

        counted = [fact for fact in facts if fact.purpose is Purpose.SERVICE]
        closed = Channel.EMAIL in ledger.closed_channels(customer)
        if counted and not counted[-1].wanted:
            assert closed, (seed, told)
        in_order = all(one.at <= other.at for one, other in pairwise(told))
        if in_order and counted and counted[-1].wanted:
            assert not closed, (seed, told)
    ledger.close()


def test_a_protection_holds_until_all_that_was_said_of_it_is_over_in_whatever_order(tmp_path: Path) -> None:
    """Set, set again, dated, ended by an operator: what was said after the end holds."""
    ledger = SqlLedger(new_ledger(tmp_path / "ledger.db"))
    for seed in range(PERSONS):
        random, customer = Random(seed), f"cus_{seed}"
        moments = [START + timedelta(hours=hours) for hours in random.sample(range(500), 4)]
        statements = [
            Protected(
                protection=Protection.HARDSHIP,
                event_id=str(number),
                since=moment,
                until=moment + timedelta(hours=random.randint(1, 300)) if random.random() < 0.5 else None,
                source=SetBy.BILLING,
                by="crm",
            )
            for number, moment in enumerate(moments)
        ]
        ended = START + timedelta(hours=random.randrange(500))
        for one in random.sample(statements, len(statements)):
            ledger.protect(customer, one)
            ledger.protect(customer, one)
        ledger.unprotect(customer, Protection.HARDSHIP, ended, "pat", "")
        asked = START + timedelta(hours=random.randrange(900))

        left = [one for one in statements if one.since > ended and (one.until is None or asked < one.until)]
        assert bool(left) == bool(standing(ledger.protections(customer), asked)), seed
    ledger.close()
