"""docs/truth.md: every message in every state of a case, in the very sentences that would be sent."""

from collections.abc import Iterator
from datetime import date
from itertools import product

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain import life
from domain.closed import Closed
from domain.gates import Allow
from domain.known import AtSending, Known, Tone
from domain.money import Money
from domain.rules.invoice import Aim, judge_now
from domain.situation import Situation
from domain.steps import DEMANDS, Channel, Stage
from domain.truth import Ending, MessageFacts, message_facts
from domain.wording import Part, Untrue, Wording, wording
from gateways.message_writer import Writer, form
from gateways.phrases import load_phrases
from runtime.settings import ROOT
from tests.domain.builders import sending
from tests.gateways.brands import a_brand
from tests.truthdoc.states import State, states

PAGE = ROOT / "docs/truth.md"
_INTRO = """\
# What messages say, state by state

This page is made by `python -m tests.truthdoc`; a test compares. Each state is that of a case which was lived until
then, and each cell is rendered as it would be sent, in English: the other languages have words for the same keys
(`domain/wording.py`). A stage that a policy would not send then is shown as well: another policy may. An empty cell
says nothing of it. A text message says what fits; a notice says what the e-mail does, but no cause. No message calls a
try the last: a technical fault, another card or an operator may bring one more. Promises and payment plans are no
state: no arrangement is there yet (`domain/arrangements/`).

How long it holds: a day that is named ("we will try again on …", "limited from …", "ends on …") is kept on that day,
and nothing of the kind comes before it. `tests/lives/kept.py` asks it of generated lives, with what alone may change
it. What stands without a day ("is read-only at the moment") holds until a payment or a named day. The link of a text
message leads on to the payment page as it is when it is opened; that of an e-mail is the provider's own.
"""
_COLUMNS = {
    "what happened, and why": (Part.HAPPENED, Part.FINALS, Part.OTHERS),
    "next try, what to do": (Part.TODO,),
    "access": (Part.ACCESS,),
    "the end": (Part.END,),
    "amounts": (Part.AMOUNTS,),
    "button": (Part.BUTTON,),
    "closing": (Part.CLOSING,),
}
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined)
_WORDS = load_phrases([ROOT / "policies/messages/en/phrases.yaml"])
_ENDED = date(2030, 4, 29)
_BRAND = a_brand("Acme Cloud", "help@acme.example")


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRO, *(line for state in states() for line in _section(state)), *_ends()])


def _ends() -> Iterator[str]:
    """What is said once a case is over, by how it ended."""
    yield "## Once it is over\n"
    yield "| e-mail | what happened | access | amounts | closing |\n|---|---|---|---|---|"
    parts = [_COLUMNS[name] for name in ("what happened, and why", "access", "amounts", "closing")]
    texts = []
    for closed, ending, restored in product(Closed, Ending, (False, True)):
        # Who lost the subscription gets no access back; of what is paid an agency has nothing.
        unpaid = closed in (Closed.ENDED, Closed.GIVEN_UP)
        if (restored and closed in (Closed.ENDED, Closed.ACCESS_BACK)) or (ending is Ending.COLLECTIONS and not unpaid):
            continue
        facts = MessageFacts(
            stage=Stage.CLOSING,
            closed=closed,
            ending=ending,
            restored=restored,
            ends_on=_ENDED,
            settled_for=Money.of_major("80", "USD"),
        )
        title = f"{closed.in_words}{', with an agency' if ending is Ending.COLLECTIONS else ''}"
        title += ", and the access is back" if restored else ""
        said = wording(facts, sending(), Channel.EMAIL)
        yield f"| {title} | {' | '.join(' '.join(_words(said, each)) for each in parts)} |"
        texts.append(f"- {title}, text message: {_text(facts, sending())}")
    yield from ("", *texts, "")


def _section(state: State) -> Iterator[str]:
    now = state.now
    yield f"## {state.name}"
    if why := _silent(now):
        yield f"Nothing is said: {why}.\n"
        return
    yield f"| e-mail | {' | '.join(_COLUMNS)} |\n|---|{'---|' * len(_COLUMNS)}"
    texts: dict[str, dict[Stage, bool]] = {}
    for tone in (tone for tone in Tone if tone.stage in DEMANDS):
        facts = message_facts(now, tone.stage).but(again=tone.endswith("_again"))
        at = _at(state)
        if Known(facts=facts, at=at).stage() is not tone.stage:
            continue
        if tone.stage is Stage.ACTION and not (now.awaits_customer or now.method_spent or state.verifying):
            continue
        yield f"| {tone.replace('_', ' ')} | {' | '.join(_cells(facts, at))} |"
        texts.setdefault(_text(facts, at), {})[tone.stage] = True
    yield ""
    yield from (f"- {', '.join(stages)} text message: {text}" for text, stages in texts.items())
    yield ""


def _silent(now: Situation) -> str | None:
    """Why no message goes out, whatever a policy has planned; None: one may."""
    ruling = life.decide(now.case, now.policy, now.circumstances, now.at)
    then = now.with_case(ruling.case)
    if then.case.closed or then.end or then.case.handoff or then.unplanned[1] is None:
        return ruling.decided.decision.why
    answer = judge_now(now.case.invoice, Aim.SAY, now.at)
    return None if isinstance(answer, Allow) else answer.why


def _cells(facts: MessageFacts, at: AtSending) -> list[str]:
    try:
        said = wording(facts, at, Channel.EMAIL)
    except Untrue as error:
        return [f"not sent: it {error}", *[""] * (len(_COLUMNS) - 1)]
    return [" ".join(_words(said, parts)) for parts in _COLUMNS.values()]


def _words(said: Wording, parts: tuple[Part, ...]) -> Iterator[str]:
    written = form(_WORDS, _WORDS.babel, said, Channel.EMAIL)
    for sentence in said.sentences:
        if sentence.part in parts:
            values = {name: written(value) for name, value in sentence.values.items()}
            text = _ENVIRONMENT.from_string(_WORDS.words(sentence.key, sentence.values)).render(values)
            yield f"{text} {written(sentence.labels)};" if sentence.labels is not None else text


def _text(facts: MessageFacts, at: AtSending) -> str:
    try:
        said = wording(facts, at, Channel.SMS)
    except Untrue as error:
        return f"not sent: it {error}"
    template = _ENVIRONMENT.from_string
    return Writer(_WORDS, template, form(_WORDS, _WORDS.babel, said, Channel.SMS), said, at, _BRAND).sms()


def _at(state: State) -> AtSending:
    return AtSending(
        merchant="Acme Cloud",
        contact="help@acme.example",
        name="Ada",
        number="AC-0042",
        due=state.now.case.due,
        total=state.total,
        subscription=state.subscription,
        verifying=state.verifying,
        transfers=state.transfers,
        voucher=state.voucher,
        has_method=state.has_method,
        link="https://d.example/p/x7Kq2",
        others=state.others,
        method="Visa •••• 4242" if state.has_method else None,
        answers=True,
    )
