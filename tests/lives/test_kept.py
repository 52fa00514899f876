"""That the check of what messages said can fail: lives of one message, told by hand."""

from datetime import date, timedelta

import pytest

from tests.domain.builders import at
from tests.lives.kept import About, Account, Changed, Told, untrue

SENT, DAY = at("04-04 12:00"), at("04-11 10:00")


def an_account(named: date | None, *done: int) -> Account:
    """A message of 4 April that names a day for a restriction, which came so many days after the 11th."""
    account = Account("Asia/Bangkok")
    account.told.append(Told(SENT, "d03", {About.LIMIT: named} if named else {}))
    account.done += [(DAY + timedelta(days=days), About.LIMIT, "d10-restrict") for days in done]
    return account


@pytest.mark.parametrize(
    ("named", "done", "wrong"),
    [
        (date(2030, 4, 11), (0,), 0),
        (date(2030, 4, 11), (-1,), 1),  # sooner than was said
        (date(2030, 4, 11), (1,), 1),  # opened on the 12th it says that the access is limited, and it is not
        (date(2030, 4, 11), (), 1),
        (None, (0,), 1),  # nobody was told
        (None, (), 0),
    ],
)
def test_a_day_that_is_named_is_kept_on_that_day(named: date | None, done: tuple[int, ...], wrong: int) -> None:
    assert wrong == len(list(untrue(an_account(named, *done), at("04-20 10:00"))))


def test_only_what_happened_since_it_was_sent_excuses_it_and_only_what_it_is_about() -> None:
    late = an_account(date(2030, 4, 11), 1)
    for moment, about, wrong in (
        (SENT - timedelta(days=1), frozenset(About), 1),
        (SENT + timedelta(days=1), frozenset({About.TRY}), 1),
        (SENT + timedelta(days=1), frozenset({About.LIMIT}), 0),
    ):
        late.changes[:] = []
        late.changed(moment, Changed.TOLD, about)

        assert wrong == len(list(untrue(late, at("04-20 10:00"))))


def test_a_later_message_that_names_the_day_makes_good_that_an_earlier_one_named_none() -> None:
    account = an_account(None, 0)
    account.told.append(Told(SENT + timedelta(days=2), "d05", {About.LIMIT: date(2030, 4, 11)}))

    assert [] == list(untrue(account, at("04-20 10:00")))
