"""What is said before a renewal: which card, which policy, which day → which notice, or why none."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from domain.money import Money
from domain.renewal import Notice, RenewalNow, Renewals, is_expired, told
from domain.steps import Channel

RENEWS = datetime(2030, 4, 1, 6, tzinfo=UTC)
CHARGED = RENEWS + timedelta(hours=1)
WANTED = Renewals(card_expires=7)
PRICE = Renewals(price_changes=14)
BOTH = Renewals(card_expires=7, price_changes=14)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def a_renewal(**fields: object) -> RenewalNow:
    given = {"renews_at": RENEWS, "charged_at": CHARGED, "amount": Money(amount=1999, currency="USD")}
    return RenewalNow.model_validate(given | {"expiry": "3/2030"} | fields)


@pytest.mark.parametrize(
    ("now", "wanted", "notices", "why"),
    [
        (a_renewal(), WANTED, [Notice.CARD_EXPIRES], ""),
        (a_renewal(expiry="12/2029"), WANTED, [Notice.CARD_EXPIRES], ""),
        (a_renewal(expiry="4/2030"), WANTED, [], "the card is good until 4/2030, and it will be charged on 2030-04-01"),
        (a_renewal(expiry=None), WANTED, [], "it will not be charged to a card"),
        (a_renewal(), Renewals(), [], "the policy has no notices before a renewal"),
        (a_renewal(off="its collection is paused"), WANTED, [], "its collection is paused"),
        (a_renewal(before=usd(1499)), PRICE, [Notice.PRICE_CHANGES], ""),
        (a_renewal(before=usd(2499)), PRICE, [Notice.PRICE_CHANGES], ""),
        (a_renewal(before=usd(1999)), PRICE, [], "the amount is that of the last payment"),
        (a_renewal(), PRICE, [], "nothing was paid for it before"),
        (a_renewal(before=usd(0)), PRICE, [], "nothing was paid for it before"),
        (a_renewal(before=usd(1499)), BOTH, [Notice.CARD_EXPIRES, Notice.PRICE_CHANGES], ""),
        (a_renewal(before=usd(1999)), BOTH, [Notice.CARD_EXPIRES], ""),
        (
            a_renewal(expiry=None, before=usd(1999)),
            BOTH,
            [],
            "it will not be charged to a card; the amount is that of the last payment",
        ),
        (a_renewal(amount=Money(amount=0, currency="USD")), WANTED, [], "nothing will be charged"),
    ],
)
def test_which_notice_and_why_none(now: RenewalNow, wanted: Renewals, notices: list[Notice], why: str) -> None:
    found, silent = told(now, wanted)

    assert (notices, why) == ([one.notice for one in found], silent)


def test_it_is_said_so_many_days_before_the_charge() -> None:
    found, _ = told(a_renewal(), WANTED)

    assert [CHARGED - timedelta(days=7)] == [one.since for one in found]


@pytest.mark.parametrize(
    ("at", "expired"),
    [
        (datetime(2030, 3, 31, 23, 59, tzinfo=UTC), False),
        (datetime(2030, 4, 1, tzinfo=UTC), True),
        (datetime(2031, 1, 1, tzinfo=UTC), True),
    ],
)
def test_a_card_is_good_until_its_month_is_over(at: datetime, expired: bool) -> None:
    assert expired is is_expired("3/2030", at)


@pytest.mark.parametrize("days", [0, 61])
def test_days_before_the_charge_are_one_to_sixty(days: int) -> None:
    with pytest.raises(ValidationError):
        Renewals(card_expires=days)
    with pytest.raises(ValidationError):
        Renewals(price_changes=days)


def test_every_notice_has_its_switch_and_its_words() -> None:
    """A notice without a switch could not be turned off."""
    assert {notice.value for notice in Notice} == set(Renewals.model_fields) - {"channel"}
    assert all(notice.in_words for notice in Notice)
    assert () == Renewals().on


def test_a_notice_is_no_letter() -> None:
    with pytest.raises(ValidationError, match="takes days"):
        Renewals(card_expires=7, channel=Channel.LETTER)
