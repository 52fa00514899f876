"""Properties of whole lives, a part of them: `python -m tests.lives pure 10000` and `… whole 10000` live them all."""

from tests.lives.many import many_pure, many_whole

# Together half a minute of one processor; the seeds are always the same.
_PURE, _WHOLE = 400, 40
_FIRST_HOUSEHOLD = 100_001


def test_whatever_is_decided_answered_and_told_every_case_ends_in_time_and_announced() -> None:
    """Of any policy, with providers that refuse for ever, dead channels, late and reordered facts: no case waits for
    ever, nothing happens while a payment is on its way, and no end comes without a notice or a human."""
    assert [] == many_pure(1, _PURE).wrong


def test_what_waited_for_a_silent_provider_or_a_day_with_room_was_not_missed_and_a_call_names_what_comes() -> None:
    """Lives that were wrong once: with no catching up, and of whom nothing certainly was heard."""
    assert [] == [wrong for seed in (413_160, 411_205, 702_691, 741_631) for wrong in many_pure(seed, 1).wrong]


def test_whatever_happens_to_a_household_its_money_messages_and_cards_are_right() -> None:
    """With the real ledger, the real activities and the stand-ins: the same, and money agrees to the cent everywhere,
    ceilings hold over all invoices of a card and caps over all of a person, and nothing strange leaves an activity."""
    assert [] == many_whole(_FIRST_HOUSEHOLD, _WHOLE).wrong
