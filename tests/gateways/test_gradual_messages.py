"""What one customer reads from the first message to the last: each says something else, in every language."""

from datetime import datetime
from itertools import pairwise

import pytest

from domain.case import Case
from domain.invoice import InvoiceNow
from domain.kinds.message import ContactTask
from domain.known import Todo
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.policy_files import load_policy, policy_files
from tests.domain.builders import POLICIES, a_case, at, live
from tests.gateways.test_messages import MESSAGES, an_invoice, someone

LANGUAGES = sorted(path.name for path in (POLICIES / "messages").iterdir() if path.is_dir())


def life_of(name: str, code: str) -> Case:
    policy = load_policy(POLICIES / f"{name}.yaml")
    if not policy.sent_invoices:
        return a_case(code, policy=policy)
    case = a_case(None, policy=policy, tried_before=False)
    return case.but(invoice=InvoiceNow(sent=True, due_at=case.facts.opened_at))


def told(name: str, code: str) -> list[tuple[datetime, MessageFacts]]:
    """What is said by e-mail under a policy to who never pays."""
    life = live(life_of(name, code), start=at("03-28 09:00"))
    tasks = [(when, effect.task) for when, effect in life.acts if isinstance(effect.task, ContactTask)]
    return [(when, task.facts) for when, task in tasks if task.channel is Channel.EMAIL]


def paragraphs(facts: MessageFacts, language: str) -> list[str]:
    """The paragraphs of a mail, and its subject. What has to stand in each is left out: the greeting, the table of
    amounts, the link, what there is to do there, where to get help, the merchant's name and the foot."""
    message = MESSAGES.render(Channel.EMAIL, facts, someone(), an_invoice(), language)
    phrases, _ = MESSAGES.language_of(language)
    fixed = {phrases.texts[f"todo.{todo}"] for todo in Todo}
    labels = tuple(text for key, text in phrases.texts.items() if key.startswith(("labels.", "buttons.pay")))
    kept = []
    for paragraph in message.text.split("\n\n")[1:-2]:
        text = paragraph.strip()
        if text and text not in fixed and not text.startswith(labels) and "http" not in text:
            kept.append(text)
    return [message.subject, *kept]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card"])
@pytest.mark.parametrize("name", [file.stem for file in policy_files(POLICIES)])
def test_no_message_repeats_a_paragraph_of_the_one_before(name: str, code: str, language: str) -> None:
    """Two reminders and two firm mails were equal word for word, and one threat stood in three messages."""
    messages = told(name, code)
    read = [paragraphs(facts, language) for _, facts in messages]

    assert len(messages) >= 4
    for before, after in pairwise(read):
        assert set() == set(before) & set(after)


@pytest.mark.parametrize("name", [file.stem for file in policy_files(POLICIES)])
def test_the_first_message_of_a_shipped_policy_never_threatens(name: str) -> None:
    """It names no end, and says of the access only from when on it is limited: that is the notice which counts."""
    _, first = told(name, "insufficient_funds")[0]
    text = " ".join(paragraphs(first, "en"))

    assert Stage.FRIENDLY is first.stage
    assert [] == [word for word in ("will cancel", "collections", "final notice") if word in text]
