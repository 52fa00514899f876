"""How long records are kept by the law of the place."""

from datetime import date

import pytest

from domain.rules.keeping import ToBeKept, months_after, to_be_kept
from domain.rules.law import Force, Keep, Medium, Row
from domain.rules.local_law import Editions, LocalLaw
from domain.steps import Channel


def a_row(months: int, *on: Medium, id_: str = "xx-records", since: date = date(2020, 1, 1)) -> Row:
    return Row(
        id=id_,
        force=Force.BINDING,
        on=on,
        keep=Keep(months=months),
        source="a law",
        effective_from=since,
        verified=False,
    )


def law(*rows: Row) -> LocalLaw:
    return LocalLaw(rules=tuple(Editions(rows=(row,)) for row in rows))


LAST = {Channel.EMAIL: date(2026, 1, 31), Channel.SMS: date(2026, 3, 10)}


@pytest.mark.parametrize(
    ("rows", "today", "until"),
    [
        ((), date(2026, 4, 1), None),
        ((a_row(6),), date(2026, 4, 1), date(2026, 9, 10)),
        ((a_row(6),), date(2026, 9, 10), date(2026, 9, 10)),
        ((a_row(6),), date(2026, 9, 11), None),
        ((a_row(1, Medium.EMAIL),), date(2026, 2, 1), date(2026, 2, 28)),
        ((a_row(6, Medium.PHONE),), date(2026, 4, 1), None),
        ((a_row(6, since=date(2026, 4, 1)),), date(2026, 4, 1), None),
        ((a_row(6), a_row(36, id_="xx-longer")), date(2026, 4, 1), date(2029, 3, 10)),
    ],
)
def test_records_are_kept_by_the_row_that_keeps_them_longest(
    rows: tuple[Row, ...], today: date, until: date | None
) -> None:
    found = to_be_kept(law(*rows), LAST, today)

    assert until == (found.until if found else None)


def test_it_names_its_row_with_its_edition() -> None:
    assert ToBeKept(date(2026, 9, 10), "xx-records@2020-01-01", "a law") == to_be_kept(
        law(a_row(6)), LAST, date(2026, 4, 1)
    )


def test_a_month_without_that_day_ends_on_its_last() -> None:
    assert [date(2028, 2, 29), date(2026, 12, 31)] == [
        months_after(date(2026, 1, 31), 25),
        months_after(date(2026, 10, 31), 2),
    ]
