"""No webhook ever comes: the sweep alone brings every case to the same end."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

from sandbox.providers.stripe_outcomes import APPROVE, Decline, Outcome
from sandbox.providers.world import ProviderWorld
from tests.lives.checks import wrong
from tests.lives.household import DAY, Chance, Household, Told
from tests.lives.lived import Lived
from tests.lives.many import SWEEPS, an_office, many_whole
from tests.lives.town import Town

_HOUSEHOLDS = 5
_NO_FUNDS = Decline("insufficient_funds", network_decline_code="51")
_EXPIRED = Decline("expired_card")


class _Even(Random):
    """Nothing is left to chance."""

    def random(self) -> float:
        return 0.5


class Street(Chance):
    """Eight customers, in place of chance. What they do, they do in the afternoon: nothing of ours is due then."""

    def __init__(self, seed: int, world: ProviderWorld, told: Told) -> None:
        super().__init__(seed, world, told)
        self.random = _Even(seed)
        self.begin = self.begin.replace(hour=9, minute=0)

    def draw(self) -> Household:
        stripe = self.stripe
        self._who([_NO_FUNDS, _NO_FUNDS, APPROVE])
        given_up = self._who([_EXPIRED])
        pays, voided, parts, credited, debits = (self._who([_NO_FUNDS]) for _ in range(5))
        renews = self._who([_EXPIRED])
        self._on(3, lambda: stripe.customer_pays(pays))
        self._on(3, lambda: stripe.add_card(stripe.get(renews)["customer"], behaviour=APPROVE))
        self._on(3, lambda: stripe.void(voided))
        self._on(2, lambda: stripe.customer_pays(parts, 1_000))
        self._on(6, lambda: stripe.customer_pays(parts))
        self._on(3, lambda: stripe.credit(credited, 2_000))
        self._on(2, lambda: stripe.customer_debits(debits))
        self._on(30, lambda: stripe.customer_pays(given_up))
        return self.house

    def bank_answer(self) -> Decline:
        return _NO_FUNDS

    def _who(self, answers: Sequence[Outcome]) -> str:
        customer = self._customer(odd=0.0, policy="brief")
        self.stripe.add_card(customer, behaviour=answers)
        invoice = self.stripe.fail_first_payment(customer, amount=2_000, currency="usd")
        self.house.invoices.append(invoice)
        return invoice

    def _on(self, day: int, act: Callable[[], object]) -> None:
        def happens() -> None:
            act()

        self.later("of the script", self.begin + day * DAY + timedelta(hours=14), happens)


def lived(sweeps: timedelta | None) -> Lived:
    """The street to its end, with nothing wrong about it."""
    with an_office() as office:
        life = Town(office, 9, Street, sweeps).live()

        assert [] == wrong(life)
        return life


def seen(life: Lived) -> dict[str, list[tuple[str, str | None, object]]]:
    """What the stand-ins saw of each invoice, in its order: charges, messages, access calls, files of the agency."""
    return {
        invoice: [
            (entry.kind, entry.key, entry.data.get("amount"))
            for entry in life.world.log
            if entry.subjects.get("invoice") == invoice or f":{invoice}:" in f"{entry.key}:"
        ]
        for invoice in life.house.invoices
    }


def test_what_no_webhook_tells_the_sweep_finds_and_the_stand_ins_see_the_same() -> None:
    """Eight customers of all kinds, once with webhooks and once with a sweep an hour after each news. One is given up,
    and pays at last: the merchant's systems are told of both ends."""
    told, swept = lived(None), lived(timedelta(hours=1))

    assert seen(told) == seen(swept)
    assert ends(told) == ends(swept)
    ended, given_up, nothing_owed = ("recovered",), ("written_off",), ("cancelled",)
    once = [ended, given_up + ended, ended, nothing_owed, ended, nothing_owed, given_up, ended]
    assert once == list(ends(swept).values())


def ends(life: Lived) -> dict[str, tuple[str, ...]]:
    """All ends of each case: of one that was taken up again there are several."""
    found = ((held.case.facts.invoice_id, held) for held in life.cases.values())
    return {
        invoice: (*held.ended_before, *([held.case.closing.outcome.value] if held.case.closing else []))
        for invoice, held in found
    }


def test_whatever_happens_to_a_household_the_sweep_alone_keeps_all_that_is_promised() -> None:
    """With the checks of every life: each case ends in time, money agrees, and nothing is said or charged twice."""
    assert [] == many_whole(700_001, _HOUSEHOLDS, sweeps=SWEEPS).wrong
