"""Values that the domain makes without a check are those that the check would let through."""

import pytest
from pydantic import BaseModel, ValidationError

from domain.case import StepState, new_step_record
from domain.decisions import Close, Wait, new_wait
from domain.kinds.message import MessageStep
from domain.record import Entry, new_entry
from domain.steps import Channel, Stage
from tests.domain.builders import at

NOON = at("04-05 12:00")
STEP = MessageStep(key="d03", due=NOON, planned=NOON, day=3, channel=Channel.EMAIL, stage=Stage.FRIENDLY)


def test_an_unchecked_value_is_the_one_that_the_constructor_makes() -> None:
    """With its defaults, and with its fields in the model's order, however they were given."""
    made = new_wait(step=STEP, why="it is night", until=NOON)
    wanted = Wait(until=NOON, why="it is night", step=STEP)

    assert wanted == made
    assert hash(new_entry(at=NOON, step="d03", what="sent", why="")) == hash(
        Entry(at=NOON, step="d03", what="sent", why="")
    )
    assert wanted.model_dump_json() == made.model_dump_json()
    assert made == Wait.model_validate_json(made.model_dump_json())
    assert "wait" == made.does


def test_an_unchecked_value_is_frozen_and_can_be_changed_into_another_one() -> None:
    """As every value of the domain."""
    record = new_step_record(step=STEP, state=StepState.DONE, at=NOON)
    noted = record.model_copy(update={"note": "once"})

    assert ("", "once", "twice") == (record.note, noted.note, record.but(note="twice").note)
    assert type(record).model_fields.keys() == record.model_fields_set
    with pytest.raises(ValidationError, match="frozen"):
        record.note = "changed"  # type: ignore[misc]


@pytest.mark.parametrize("value", [Close(outcome="settled", why="agreed"), STEP], ids=["decision", "step"])
def test_what_comes_from_outside_is_checked_as_ever(value: BaseModel) -> None:
    """`unchecked` changes nothing of the model itself."""
    with pytest.raises(ValidationError):
        type(value).model_validate({**value.model_dump(), "why": 1, "day": "third"})
