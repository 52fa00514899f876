"""Identities are the same on every retry and every replay, and different for different things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import charge_key, contact_key, effect_key, is_ours, spread, workflow_id


def test_identities_are_what_the_providers_have_on_record() -> None:
    """Changing one of them would repeat an effect of a running case."""
    assert "dunning-in_1" == workflow_id("in_1")
    assert "dun:in_1:3" == charge_key("in_1", 3)
    assert "dun:in_1:d03-remind-email-friendly:email" == contact_key("in_1", "d03-remind-email-friendly", "email")
    assert "dun:in_1:d28-escalate" == effect_key("in_1", "d28-escalate")


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        (charge_key("in_1", 3), True),
        (effect_key("in_1", "d28-cancel"), True),
        (charge_key("in_12", 3), False),
        ("another-systems", False),
        ("", False),
    ],
)
def test_a_key_that_comes_back_is_ours_if_it_was_made_for_this_invoice(key: str, ours: bool) -> None:
    """Providers name the key of the request that caused an event."""
    assert ours is is_ours(key, "in_1")


def test_the_spread_of_a_case_is_what_running_cases_have_been_promised() -> None:
    """A hash that changed would move every open case."""
    assert [544, 141, 312] == [spread("in_1", occasion, 600) for occasion in ("d01", "d03", "d05")]


@given(st.text(max_size=40), st.text(max_size=40), st.integers(-10, 100_000))
def test_the_spread_stays_within_its_limit_and_repeats(case: str, occasion: str, limit: int) -> None:
    """Nought for no limit."""
    seconds = spread(case, occasion, limit)

    assert 0 <= seconds <= max(0, limit)
    assert seconds == spread(case, occasion, limit)


def test_the_spread_of_many_cases_fills_the_whole_span() -> None:
    """Two thousand cases over ten minutes: no minute gets much more than its share."""
    minutes = [spread(f"in_{number}", "d01", 599) // 60 for number in range(2000)]
    share = [minutes.count(minute) for minute in range(10)]

    assert 150 < min(share)
    assert max(share) < 250
