"""What a message says of a restriction that is tightened, and of an end that was announced before."""

from datetime import date

import pytest

from domain.steps import DEMANDS, Access, Channel, Stage
from domain.truth import Ending, MessageFacts
from domain.wording import wording
from tests.domain.builders import sending

LIMIT, END = date(2026, 3, 17), date(2026, 3, 28)
AT = sending(has_method=True)


def said(channel: Channel, stage: Stage, **facts: object) -> set[str]:
    known = {"stage": stage, "ends_on": END, "ending": Ending.COLLECTIONS, **facts}
    return {sentence.key for sentence in wording(MessageFacts.model_validate(known), AT, channel).sentences}


@pytest.mark.parametrize("stage", DEMANDS)
@pytest.mark.parametrize(
    ("access", "tightens", "key"),
    [
        (Access.FULL, False, "restricts"),
        (Access.READ_ONLY, True, "tightens"),  # "limited from" said nothing to who is limited already
        (Access.READ_ONLY, False, ""),
        (Access.BLOCKED, True, ""),  # another invoice has blocked it before
    ],
)
def test_more_is_taken_away_in_words_of_its_own(stage: Stage, access: Access, tightens: bool, key: str) -> None:
    for channel in (Channel.EMAIL, Channel.NOTICE, Channel.SMS):
        keys = said(channel, stage, access=access, tightens=tightens, restricts_on=LIMIT)
        found = {part for one in keys for part in one.split(".") if part in ("restricts", "tightens")}

        assert found == ({key} if key else set())


@pytest.mark.parametrize("again", [False, True])
def test_a_firm_message_after_the_final_notice_speaks_of_none_to_follow(again: bool) -> None:
    before, after = (said(Channel.EMAIL, Stage.FIRM, warned=warned, again=again) for warned in (False, True))

    assert {"outlook"} == {key.split(".")[0] for key in before - after}
    assert {"ending.collections.with_subscription.one"} == after - before
