"""Which sentences a message has: each when it is true, none without what it names, and all that must be said."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from random import Random
from typing import Any

import pytest

from domain.closed import Closed
from domain.declines import DeclineClass, Reason
from domain.known import ASKING, AtSending, Known, Other, Period, Todo
from domain.money import Money
from domain.steps import DEMANDS, TEXTS, WRITTEN, Access, Channel, Stage
from domain.truth import Ending, MessageFacts
from domain.wording import KEYS, PARAGRAPHS, ROWS, Part, Untrue, Wording, wording
from tests.domain.builders import sending, usd

DUE, NEXT, LIMIT, END = (date(2030, 4, day) for day in (1, 5, 11, 29))
SENT: dict[str, Any] = {"due_on": DUE, "tried": False, "reason": Reason.NO_PAYMENT_METHOD}


def some_facts(stage: Stage = Stage.FRIENDLY, **changes: Any) -> MessageFacts:
    end = {"ends_on": END, "ending": Ending.COLLECTIONS}
    return MessageFacts.model_validate({"stage": stage, "reason": Reason.DECLINED, **end, **changes})


OTHERS = (
    Other(number="A-2", due=usd("20"), link="https://pay.acme.example/2"),
    Other(number="A-3", due=Money.of_major("30", "EUR"), link="https://pay.acme.example/3"),
)
STATED = {
    "bought": "1 × Team plan",
    "period": Period(start=date(2026, 3, 1), end=date(2026, 4, 1)),
    "tax": usd("9"),
    "method": "Visa •••• 4242",
    "preferences": "https://dunning.acme.example/preferences/1",
    "imprint": "https://acme.example/imprint",
    "agreed_on": DUE,
    "terms": "https://dunning.acme.example/terms/1",
    "answers": True,
    "bank": True,
}
"""What an invoice and a brand may state, and need not."""
FINAL_TOO = OTHERS[1].model_copy(update={"final": True})


def said(facts: MessageFacts, at: AtSending | None = None, channel: Channel = Channel.EMAIL) -> list[str]:
    return [sentence.key for sentence in wording(facts, at or sending(), channel).sentences]


def every_message() -> Iterator[tuple[MessageFacts, Channel, Wording]]:
    """Stage × reason × action × tried × next charge on every channel; what else differs by lot, always the same."""
    dates = (None, DUE)
    lot = Random(7)  # noqa: S311 - the same examples on each run
    reads = [
        sending(name=name, total=usd(total), subscription=subscription, has_method=has_method, others=others, **stated)
        for name, total, subscription, has_method, others, stated in product(
            ("Ada", None),
            ("149", "200"),
            (True, False),
            (True, False),
            ((), OTHERS, (OTHERS[0], FINAL_TOO)),
            ({}, STATED),
        )
    ]
    reads += [sending(transfers=True), sending(transfers=True, name=None, others=OTHERS)]
    for stage, reason, action, tried, next_charge_on, due_on in product(
        DEMANDS, (None, *Reason), (None, *DeclineClass), (True, False), (None, NEXT), dates
    ):
        facts = some_facts(
            stage,
            reason=reason,
            action=action,
            tried=tried,
            next_charge_on=next_charge_on,
            access=lot.choice(list(Access)),
            ending=lot.choice(list(Ending)),
            restricts_on=lot.choice([None, LIMIT, END]),
            due_on=due_on,
            overdue=due_on is not None and lot.choice([True, False]),
            came_back=due_on is None and lot.choice([True, False]),
            again=lot.choice([True, False]),
            tightens=lot.choice([True, False]),
            warned=lot.choice([True, False]),
        )
        at = lot.choice(reads)
        for channel in WRITTEN:
            yield facts, channel, wording(facts, at, channel)
    for closed, ending, restored, at in product(Closed, Ending, (True, False), reads):
        facts = MessageFacts(
            stage=Stage.CLOSING, closed=closed, ending=ending, restored=restored, ends_on=END, settled_for=usd("80")
        )
        with_agency = at.model_copy(update={"agency": lot.choice([None, "Fair Collect"])})
        for channel in (channel for channel in WRITTEN if channel is not Channel.LETTER):
            yield facts, channel, wording(facts, with_agency, channel)


MESSAGES = list(every_message())


@pytest.mark.parametrize(
    ("key", "true", "false"),
    [
        ("stages.friendly.subject.tried", some_facts(), some_facts(tried=False)),
        ("stages.friendly.opening.due", some_facts(tried=False), some_facts()),
        ("stages.firm.closing.tried", some_facts(Stage.FIRM), some_facts(Stage.REMINDER)),
        ("stages.friendly.opening.ahead", some_facts(**SENT), some_facts(**SENT, overdue=True)),
        ("stages.firm.subject.passed", some_facts(Stage.FIRM, **SENT, overdue=True), some_facts(Stage.FIRM, **SENT)),
        ("labels.due_on", some_facts(**SENT), some_facts(tried=False)),
        ("todo.pay", some_facts(**SENT), some_facts(tried=False, reason=Reason.NO_PAYMENT_METHOD)),
        ("reasons.no_payment_method", some_facts(reason=Reason.NO_PAYMENT_METHOD), some_facts(**SENT)),
        ("reasons.declined", some_facts(), some_facts(tried=False)),
        ("reasons.declined", some_facts(), some_facts(reason=None)),
        ("reasons.expired_card", some_facts(tried=False, reason=Reason.EXPIRED_CARD), some_facts()),
        ("next_charge.tried", some_facts(next_charge_on=NEXT), some_facts()),
        ("next_charge.due", some_facts(next_charge_on=NEXT, tried=False), some_facts(next_charge_on=NEXT)),
        ("todo.pay", some_facts(), some_facts(next_charge_on=NEXT)),
        ("todo.pay", some_facts(Stage.FIRM), some_facts(action=DeclineClass.NEVER)),
        ("unless_paid.tried", some_facts(Stage.FIRM, next_charge_on=NEXT), some_facts(next_charge_on=NEXT)),
        ("other_day", some_facts(next_charge_on=NEXT), some_facts()),
        ("other_day", some_facts(Stage.FINAL, next_charge_on=NEXT), some_facts(next_charge_on=NEXT, **SENT)),
        ("todo.pay_early", some_facts(next_charge_on=NEXT), some_facts(Stage.FIRM, next_charge_on=NEXT)),
        ("todo.authenticate", some_facts(action=DeclineClass.AUTHENTICATE), some_facts()),
        ("todo.fix_data", some_facts(action=DeclineClass.FIX_DATA), some_facts(action=DeclineClass.NEW_METHOD)),
        ("todo.new_method", some_facts(action=DeclineClass.NEVER), some_facts(action=DeclineClass.RETRY_NOW)),
        ("todo.add_method", some_facts(reason=Reason.NO_PAYMENT_METHOD), some_facts(action=DeclineClass.NEW_METHOD)),
        ("access.read_only.one", some_facts(access=Access.READ_ONLY), some_facts(access=Access.BLOCKED)),
        ("access.blocked.one", some_facts(access=Access.BLOCKED), some_facts(restricts_on=LIMIT)),
        ("restricts.friendly.one", some_facts(restricts_on=LIMIT), some_facts()),
        ("restricts.friendly.one", some_facts(restricts_on=LIMIT, ends_on=None), some_facts(restricts_on=END)),
        (
            "restricts.friendly.one",
            some_facts(restricts_on=LIMIT),
            some_facts(restricts_on=LIMIT, access=Access.READ_ONLY),
        ),
        ("outlook.firm.collections.with_subscription", some_facts(Stage.FIRM), some_facts(Stage.FIRM, cancels=False)),
        ("ending.write_off.with_subscription.one", some_facts(Stage.FINAL, ending=Ending.WRITE_OFF), some_facts()),
        (
            "ending.collections.without_subscription.one",
            some_facts(Stage.FINAL, cancels=False),
            some_facts(Stage.FINAL),
        ),
        ("outlook.firm.collections.with_subscription", some_facts(Stage.FIRM), some_facts(Stage.FIRM, ends_on=None)),
        ("outlook.firm.collections.with_subscription", some_facts(Stage.FIRM), some_facts(Stage.REMINDER)),
        ("stages.reminder_again.opening.tried", some_facts(Stage.REMINDER, again=True), some_facts(Stage.REMINDER)),
        ("stages.firm.closing.tried", some_facts(Stage.FIRM), some_facts(Stage.FIRM, again=True)),
        ("stages.final.closing.tried", some_facts(Stage.FINAL, again=True), some_facts(Stage.FIRM)),
        ("buttons.pay", some_facts(next_charge_on=NEXT), some_facts(action=DeclineClass.FIX_DATA)),
        ("buttons.authenticate", some_facts(action=DeclineClass.AUTHENTICATE), some_facts()),
    ],
)
def test_a_sentence_is_said_when_it_is_true_and_only_then(key: str, true: MessageFacts, false: MessageFacts) -> None:
    assert key in said(true)
    assert key not in said(false)


@pytest.mark.parametrize(
    ("key", "true", "false"),
    [
        ("greeting.named", sending(), sending(name=None)),
        ("greeting.neutral", sending(name=None), sending()),
        ("labels.total", sending(total=usd("200")), sending()),
        ("todo.verify_account", sending(verifying=True), sending()),
        ("reasons.account_verification", sending(verifying=True), sending()),
        ("labels.document", sending(), sending(verifying=True)),
        ("reasons.declined", sending(), sending(verifying=True)),
        ("todo.send_transfer", sending(transfers=True), sending()),
        ("buttons.send_transfer", sending(transfers=True), sending(verifying=True)),
        ("reasons.declined", sending(), sending(transfers=True)),
        ("ending.collections.with_subscription.one", sending(), sending(subscription=False)),
        ("ending.collections.without_subscription.one", sending(subscription=False), sending()),
    ],
)
def test_what_is_read_at_sending_decides_as_well(key: str, true: AtSending, false: AtSending) -> None:
    assert key in said(some_facts(Stage.FINAL), true)
    assert key not in said(some_facts(Stage.FINAL), false)


@pytest.mark.parametrize(
    ("key", "true", "false"),
    [
        ("sms.next_charge.tried", some_facts(next_charge_on=NEXT), some_facts()),
        ("sms.todo.new_method", some_facts(action=DeclineClass.NEW_METHOD), some_facts(action=DeclineClass.RETRY_NOW)),
        ("sms.access.read_only.one", some_facts(access=Access.READ_ONLY), some_facts()),
        ("sms.restricts.one", some_facts(restricts_on=LIMIT), some_facts(restricts_on=END)),
        ("sms.ending.collections.with_subscription.one", some_facts(Stage.FINAL), some_facts(Stage.FIRM)),
        ("sms.link.pay", some_facts(action=DeclineClass.FIX_DATA), some_facts(action=DeclineClass.AUTHENTICATE)),
        ("sms.link.authenticate", some_facts(action=DeclineClass.AUTHENTICATE), some_facts()),
    ],
)
def test_a_text_message_has_sentences_of_its_own(key: str, true: MessageFacts, false: MessageFacts) -> None:
    assert key in said(true, channel=Channel.SMS)
    assert key not in said(false, channel=Channel.SMS)


@pytest.mark.parametrize("stage", [Stage.FIRM, Stage.FINAL])
def test_a_firm_notice_with_a_try_left_names_one_thing_to_do(stage: Stage) -> None:
    """`We will try again` and `please pay` side by side read like paying twice."""
    keys = said(some_facts(stage, next_charge_on=NEXT))

    assert ["unless_paid.tried"] == [k for k in keys if k.startswith(("todo.", "next_charge.", "unless_paid."))]


def test_a_notice_that_all_colleagues_read_does_not_name_the_banks_reason() -> None:
    """The account is shared; the card is somebody's own."""
    facts = some_facts(reason=Reason.INSUFFICIENT_FUNDS)

    assert "reasons.insufficient_funds" in said(facts, channel=Channel.EMAIL)
    assert [] == [key for key in said(facts, channel=Channel.NOTICE) if key.startswith("reasons.")]


def test_every_message_says_what_it_is_about_what_happened_and_what_to_do() -> None:
    """Each stage, reason and action on each channel, tried or not."""
    for facts, channel, message in MESSAGES:
        todo = [sentence.key for sentence in message.of(Part.TODO)]
        if facts.closed:
            assert not todo
            assert f"closings.{facts.closed}" in message.of(Part.HAPPENED)[0].key
            continue
        if channel in TEXTS:
            writer, opening, *_, last = message.sentences
            assert (Part.WRITER, Part.LINK) == (writer.part, last.part)
            assert opening.key.startswith("sms.opening.")
            assert not any(sentence.may for sentence in (writer, opening, last))
        else:
            assert message.one(Part.SUBJECT).key.startswith("stages.")
            assert ".opening." in message.paragraphs[0][0].key
            assert 1 == sum(key.startswith(("todo.", "unless_paid.")) for key in todo)
        told = "tried" if facts.tried else "due"
        if facts.due_on:
            told = "passed" if facts.overdue else "ahead"
        assert told == message.of(Part.HAPPENED)[0].key.rpartition(".")[2]
        if channel is Channel.EMAIL:
            for part in (Part.GREETING, Part.BUTTON, Part.LINK_HINT, Part.CLOSING, Part.HELP, Part.REGARDS, Part.DOUBT):
                assert message.one(part)


def test_every_sentence_has_all_that_its_words_may_name() -> None:
    """A word for a date that is not known could only be left blank."""
    for _, _, message in MESSAGES:
        for sentence in message.sentences:
            assert KEYS[sentence.key] == frozenset(sentence.values)
            assert (sentence.part is Part.AMOUNTS) is (sentence.labels is not None)


@pytest.mark.parametrize(
    ("key", "channel", "access"),
    [
        ("access.read_only", Channel.EMAIL, Access.READ_ONLY),
        ("access.blocked", Channel.NOTICE, Access.BLOCKED),
        ("sms.access.read_only", Channel.SMS, Access.READ_ONLY),
        ("restricts.friendly", Channel.EMAIL, Access.FULL),
        ("sms.restricts", Channel.SMS, Access.FULL),
    ],
)
def test_who_owes_several_invoices_is_told_that_all_have_to_be_paid(key: str, channel: Channel, access: Access) -> None:
    """The service returns with the last payment, and one message names them all."""
    facts = some_facts(access=access, restricts_on=LIMIT)
    alone, several = said(facts, channel=channel), said(facts, sending(others=OTHERS), channel)
    listed = dict.fromkeys(TEXTS, "sms.others").get(channel, "others")

    assert {f"{key}.one"} == set(alone) - set(several)
    assert {f"{key}.all", listed} == set(several) - set(alone)


def test_what_is_due_in_all_is_added_up_by_currency() -> None:
    """No amount ever crosses currencies."""
    assert (usd("169"), Money.of_major("30", "EUR")) == sending(others=OTHERS).all_due


def test_no_row_and_no_key_is_in_vain() -> None:
    """Words that are never said are translated, and checked, for nothing."""
    assert set(KEYS) == {sentence.key for _, _, message in MESSAGES for sentence in message.sentences}


def test_no_sentence_is_said_twice() -> None:
    """Rows of one part and channel exclude each other, or say different things."""
    for _, _, message in MESSAGES:
        keys = [sentence.key for sentence in message.sentences]
        assert len(keys) == len(set(keys))


def test_every_todo_has_a_button_and_asks_for_more_than_to_pay_or_does_not() -> None:
    """The two that do not are the two ways to pay."""
    assert {Todo.PAY, Todo.PAY_EARLY} == set(Todo) - set(ASKING)
    assert {f"buttons.{todo.value}" for todo in (Todo.PAY, *ASKING)} == {key for key in KEYS if "buttons." in key}


def test_what_the_customer_can_do_follows_from_the_standing_action() -> None:
    """Without one the invoice is to be paid; a bank that wants a confirmation comes before all others."""
    asked = {action: Known(facts=some_facts(action=action), at=sending()).todo() for action in (None, *DeclineClass)}

    assert Todo.AUTHENTICATE is asked.pop(DeclineClass.AUTHENTICATE)
    assert Todo.FIX_DATA is asked.pop(DeclineClass.FIX_DATA)
    assert Todo.NEW_METHOD is asked.pop(DeclineClass.NEW_METHOD)
    assert Todo.NEW_METHOD is asked.pop(DeclineClass.NEVER)
    assert {Todo.PAY} == set(asked.values())


@pytest.mark.parametrize("channel", list(WRITTEN))
def test_a_method_that_came_meanwhile_is_neither_missed_nor_asked_for(channel: Channel) -> None:
    """The mail that would have asked for it is a friendly one."""
    facts = some_facts(Stage.ACTION, reason=Reason.NO_PAYMENT_METHOD, action=DeclineClass.NEW_METHOD, tried=False)
    keys = said(facts, sending(has_method=True), channel)

    assert [] == [key for key in keys if "method" in key or "action" in key or "reasons" in key]
    assert any("friendly" in key for key in keys)


def test_a_calm_message_offers_and_an_insisting_one_names_the_consequence_first() -> None:
    told = {
        stage: [paragraph[0].part for paragraph in message.paragraphs]
        for stage in DEMANDS
        if (message := wording(some_facts(stage, restricts_on=LIMIT, next_charge_on=NEXT), sending(), Channel.EMAIL))
    }

    calm = [Part.HAPPENED, Part.TODO, Part.ACCESS]
    insisting = [Part.HAPPENED, Part.ACCESS, Part.END, Part.TODO]
    assert {stage: insisting if stage in (Stage.FIRM, Stage.FINAL) else calm for stage in DEMANDS} == told


def test_a_text_message_ends_with_the_end_and_the_link_and_leaves_out_the_access_first() -> None:
    facts = some_facts(Stage.FINAL, restricts_on=LIMIT, next_charge_on=NEXT, action=DeclineClass.FIX_DATA)
    sentences = wording(facts, sending(), Channel.SMS).sentences

    assert [
        ("sms.writer", False),
        ("sms.opening.final.tried", False),
        ("sms.next_charge.tried", True),
        ("sms.todo.fix_data", True),
        ("sms.restricts.one", True),
        ("sms.ending.collections.with_subscription.one", False),
        ("sms.help", True),
        ("sms.stranger", True),
        ("sms.link.pay", False),
    ] == [(sentence.key, sentence.may) for sentence in sentences]


def test_who_writes_is_left_to_an_approved_text_that_says_it() -> None:
    """All else is said in it as without it."""
    alone, framed = (said(some_facts(), at, Channel.WHATSAPP) for at in (sending(), sending(framed=True)))

    assert ["sms.writer", *framed] == alone


def test_a_notice_has_a_subject_and_paragraphs_and_no_more() -> None:
    """It is shown to somebody who is logged in: no greeting, no layout."""
    parts = {
        sentence.part for _, channel, message in MESSAGES if channel is Channel.NOTICE for sentence in message.sentences
    }

    assert {Part.SUBJECT, Part.FINALS, Part.OTHERS, Part.HELP, *PARAGRAPHS} == parts


@pytest.mark.parametrize("channel", list(WRITTEN))
@pytest.mark.parametrize("missing", ["ends_on", "ending"])
def test_a_final_notice_without_its_date_or_consequence_is_untrue(missing: str, channel: Channel) -> None:
    facts = some_facts(Stage.FINAL, **{missing: None})

    with pytest.raises(Untrue, match="names no date or no consequence"):
        wording(facts, sending(), channel)


def test_on_every_channel_there_is_a_row_without_which_no_final_notice_goes_out() -> None:
    """A channel that is added has to name the end as well."""
    insisting = {channel for row in ROWS if row.or_refuse and Stage.FINAL in row.stages for channel in row.channels}

    assert set(WRITTEN) == insisting


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.NOTICE])
@pytest.mark.parametrize(("due", "ending"), [("50", "collections"), ("49.99", "write_off")])
def test_the_end_is_that_of_the_amount_that_is_due_at_sending(due: str, ending: str, channel: Channel) -> None:
    """The agency takes from fifty dollars on, whatever the case knew."""
    facts = some_facts(Stage.FINAL, agency_from=usd("50"))

    assert f"ending.{ending}.with_subscription.one" in said(facts, sending(due=usd(due)), channel)


def test_values_keep_their_types() -> None:
    """How an amount or a date is written is the language's business."""
    message = wording(some_facts(Stage.FINAL), sending(number="2030-04-29", total=usd("200")), Channel.EMAIL)

    assert {"merchant": "Acme Cloud", "amount": usd("149"), "number": "2030-04-29", "ends_on": END} == message.one(
        Part.SUBJECT
    ).values
    assert ["2030-04-29", usd("149"), usd("200")] == [label.labels for label in message.of(Part.AMOUNTS)]
    assert isinstance(message.one(Part.SUBJECT).values["amount"], Money)
