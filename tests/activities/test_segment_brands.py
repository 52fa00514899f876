"""A message has the brand of its case's segment, from the sender's name to where answers go."""

from pathlib import Path

import pytest

from domain.kinds.message import ContactState
from domain.steps import Channel
from tests.activities.builders import Worker, a_contact, open_case
from tests.segments import folder_with_segments


@pytest.mark.parametrize(
    ("segment", "name", "sender"), [("gold", "Aurora", "Aurora"), ("any", "Nimbus", "Nimbus Billing")]
)
def test_an_e_mail_comes_from_the_brand_of_the_segment(
    worker: Worker, tmp_path: Path, segment: str, name: str, sender: str
) -> None:
    case = open_case(worker, segment=segment)
    worker = worker.restarted(DUNNING_POLICIES=str(folder_with_segments(tmp_path)))

    assert ContactState.SENT == worker.contact(a_contact(case)).state

    mail = worker.world.sendgrid.sent[-1]
    assert (sender, f"help@{name.lower()}.example") == (mail.from_name, mail.reply_to)
    assert f"your {name} invoice" in (mail.text or "")


def test_a_text_message_names_the_brand_of_the_segment(worker: Worker, tmp_path: Path) -> None:
    case = open_case(worker, segment="gold")

    worker.restarted(DUNNING_POLICIES=str(folder_with_segments(tmp_path))).contact(a_contact(case, Channel.SMS))

    assert worker.world.twilio.sent[-1].body.startswith("Aurora: ")
