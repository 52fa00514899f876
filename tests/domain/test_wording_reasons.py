"""Who reads that there was not enough: the payer, in a friendly e-mail, and nobody else."""

import pytest

from domain.declines import Reason
from domain.steps import DEMANDS, Channel, Stage
from tests.domain.test_wording import said, some_facts


@pytest.mark.parametrize("stage", [stage for stage in DEMANDS if stage is not Stage.FRIENDLY])
def test_that_there_was_not_enough_is_said_in_friendly_mails_only(stage: Stage) -> None:
    """A mailbox may be shared, and each further mail would say it again."""
    short, declined = some_facts(stage, reason=Reason.INSUFFICIENT_FUNDS), some_facts(stage)

    assert "reasons.insufficient_funds" not in said(short)
    assert "reasons.declined" in said(declined)


def test_no_letter_says_that_there_was_not_enough() -> None:
    """Whoever is at home may open it."""
    facts = some_facts(reason=Reason.INSUFFICIENT_FUNDS)

    assert "reasons.insufficient_funds" not in said(facts, channel=Channel.LETTER)
    assert "reasons.declined" in said(some_facts(), channel=Channel.LETTER)
