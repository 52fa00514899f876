"""What is counted: few words, whatever is given, and every way that a request can end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from prometheus_client import CollectorRegistry

from domain.sweep import Mend, Sweep
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.gauges import Backlog, Standing
from gateways.ports.inbox import Arrival
from gateways.ports.metering import SWEPT_REFUSED, Call
from gateways.ports.trouble import ProviderTrouble
from gateways.prometheus_gauges import GRACE, LedgerGauges
from gateways.prometheus_meter import PrometheusMeter, outcome_of

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)
CALLS = "dunning_provider_call_seconds_count"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (302, "ok"),
        (400, "refused"),
        (402, "declined"),
        (404, "refused"),
        (409, "busy"),
        (429, "busy"),
        (500, "failed"),
        (None, "unreachable"),
    ],
)
def test_every_status_is_one_of_six_words(status: int | None, outcome: str) -> None:
    registry = CollectorRegistry()
    with PrometheusMeter(registry).call("stripe", "get invoices") as call:
        call.answered(status)

    labels = {"provider": "stripe", "operation": "get invoices", "outcome": outcome}
    assert outcome == outcome_of(status)
    assert 1 == registry.get_sample_value(CALLS, labels)


def _breaks(call: Call) -> None:
    raise OSError


def _refused(call: Call) -> None:
    call.answered(400)
    raise stripe.StripeError


@pytest.mark.parametrize(("ends", "outcome"), [(_breaks, "unreachable"), (_refused, "refused")])
def test_what_is_raised_is_counted_and_goes_on(ends: Callable[[Call], None], outcome: str) -> None:
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)

    with pytest.raises((OSError, stripe.StripeError)), meter.call("stripe", "x") as call:
        ends(call)

    assert 1 == registry.get_sample_value(CALLS, {"provider": "stripe", "operation": "x", "outcome": outcome})


def test_a_rule_is_counted_without_its_edition() -> None:
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    for rule in ("visa-20-in-30-days@2026-04-18", "visa-20-in-30-days@2027-04-18", None):
        meter.postponed(rule)

    assert 2 == registry.get_sample_value("dunning_postponements_total", {"rule": "visa-20-in-30-days"})
    assert 1 == registry.get_sample_value("dunning_postponements_total", {"rule": "none"})


def test_labels_are_few_whatever_is_given() -> None:
    """A rule's name that had an id in it would make a series for each case."""
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    for number in range(1_000):
        meter.refused(f"of-{number}")

    [family] = [each for each in registry.collect() if each.name == "dunning_refusals"]
    rules = {sample.labels["rule"] for sample in family.samples}
    assert (201, True) == (len(rules), "other" in rules)


def test_what_the_ledger_holds(ledger: SqlLedger) -> None:
    ledger.keep([Arrival(provider="stripe", event_id="evt_1", kind="x", body="{}")], NOW - timedelta(minutes=7))
    ledger.keep([Arrival(provider="stripe", event_id="evt_2", kind="x", body="{}")], NOW)
    registry = CollectorRegistry()
    registry.register(LedgerGauges(ledger, lambda: NOW, timedelta(hours=6)))

    assert 1 == registry.get_sample_value("dunning_ledger_up")
    assert 2 == registry.get_sample_value("dunning_inbox_waiting")
    assert 420 == registry.get_sample_value("dunning_inbox_age_seconds")
    assert 0 == registry.get_sample_value("dunning_outbox_age_seconds")
    assert 0 == registry.get_sample_value("dunning_cases_late")
    assert 6 * 3600 == registry.get_sample_value("dunning_sweep_every_seconds")


def test_the_age_of_the_last_sweep_is_that_of_the_last_that_ended(ledger: SqlLedger) -> None:
    """Before the first there is none: an age of nothing would look like a good one."""

    def shown() -> float | None:
        registry = CollectorRegistry()
        registry.register(LedgerGauges(ledger, lambda: NOW, timedelta(hours=6)))
        return registry.get_sample_value("dunning_sweep_age_seconds")

    before = shown()
    for begun, ended in ((9, 8), (2, None)):
        at = NOW - timedelta(hours=begun)
        ended_at = NOW - timedelta(hours=ended) if ended else None
        ledger.keep_sweep(Sweep(begun_at=at, since=at, until=at, place=at, ended_at=ended_at))

    assert (None, 8 * 3_600) == (before, shown())


def test_what_the_sweep_mends_is_shown_from_nothing_on() -> None:
    """Else Prometheus would not see the first one rise."""
    registry = CollectorRegistry()
    meter = PrometheusMeter(registry)
    shown = [registry.get_sample_value("dunning_swept_total", {"result": result}) for result in (*Mend, SWEPT_REFUSED)]
    meter.swept(Mend.TOLD, 3)

    assert [0.0] * 5 == shown
    assert 3 == registry.get_sample_value("dunning_swept_total", {"result": "told"})


class Ledger:
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.reads: list[datetime] = []
        self.answers = True

    def standing(self, late_before: datetime) -> Standing:
        self.reads.append(late_before)
        if not self.answers:
            raise ProviderTrouble("The ledger's database does not answer.")
        nothing = Backlog(0, None)
        return Standing({"USD": 3}, {"USD": 1_500}, 1, 2, nothing, 0, nothing, 0, None)


def test_the_ledger_is_read_once_however_often_somebody_looks() -> None:
    ledger = Ledger()
    gauges = LedgerGauges(ledger, lambda: NOW, timedelta(hours=6))
    registry = CollectorRegistry()
    registry.register(gauges)

    for _ in range(5):
        assert 1_500 == registry.get_sample_value("dunning_open_amount", {"currency": "USD"})
    assert [NOW - GRACE] == ledger.reads


def test_no_old_numbers_are_shown_when_the_ledger_is_away() -> None:
    ledger = Ledger()
    ledger.answers = False
    registry = CollectorRegistry()
    registry.register(LedgerGauges(ledger, lambda: NOW, timedelta(hours=6)))

    assert 0 == registry.get_sample_value("dunning_ledger_up")
    assert registry.get_sample_value("dunning_cases_late") is None
