"""Nothing of a kind is forgotten: what planner, workflow and ledger ask of one, every one answers."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel
from temporalio import activity

import activities
from domain import kinds
from domain.base import Message
from domain.calls import Offer
from domain.case import Case
from domain.decisions import Act, Close, Effect, PutOff, Skip, Wait
from domain.forms import FORMS, Form, read_form, write_form
from domain.kinds.recall import RecallStep
from domain.life import Decided
from domain.registry import KINDS, register
from domain.situation import Situation
from domain.steps import DEMANDS, WRITTEN, Access, Channel, Stage, Step
from domain.tasks import Task
from tests.domain.builders import PLAIN, a_case, a_policy, at, effect_of, live, paid_outside, payment, situation, usd
from tests.toy import WaveForm, WaveStep

NOW = at("04-05 12:00")
BASE = {"key": "x", "due": NOW, "day": 3}
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "charge": [{"attempt_kind": kind} for kind in ("timeline", "technical", "new_method")],
    "message": [
        {"channel": channel, "stage": stage, "planned": NOW, "instead_of": instead}
        for channel in WRITTEN
        for stage in DEMANDS
        for instead in (None, Channel.SMS)
    ],
    "call": [
        {"planned": NOW, "valid_days": days, "offers": offers} for days in (1, 3) for offers in ((), tuple(Offer))
    ],
    "access": [{"access": access} for access in Access],
    "cancellation": [{}],
    "handoff": [{}, {"again": True}, {"ends": True}],
    "write_off": [{}, {"ends": True}],
    "recall": [{"reference": "a-1"}],
    "outside_payment": [{"amount": {"amount": 500, "currency": "USD"}}],
}


def every(base: type[Any], package: ModuleType) -> set[type[Any]]:
    """Every class of the files of a package that is one of `base`."""
    files = [
        importlib.import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)
    ]
    found = {cls for file in files for _, cls in inspect.getmembers(file, inspect.isclass) if issubclass(cls, base)}
    return {cls for cls in found if cls.__module__.startswith(package.__name__)}


def activity_names() -> Iterator[str]:
    for each in pkgutil.iter_modules(activities.__path__):
        module = importlib.import_module(f"activities.{each.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            for _, method in inspect.getmembers(cls, inspect.isfunction):
                if definition := activity._Definition.from_callable(method):
                    yield str(definition.name)


def examples() -> list[Step]:
    return [kind.model_validate({**BASE, **more}) for name, kind in KINDS.items() for more in EXAMPLES[name]]


def test_every_kind_is_registered_once() -> None:
    """And no other; a kind that is forgotten could neither be read back nor be carried out."""
    assert every(Step, kinds) == set(KINDS.values())
    assert [kind.name for kind in KINDS.values()] == list(KINDS)
    assert set(EXAMPLES) == set(KINDS)


def test_every_word_of_a_policy_is_registered_once() -> None:
    """Under its own name."""
    assert every(Form, kinds) == set(FORMS.values())
    assert [form.word for form in FORMS.values()] == list(FORMS)


def test_a_name_that_is_taken_is_refused() -> None:
    """Two kinds of one name would be read back as each other."""

    class Other(WaveStep):
        name = "charge"

    class OtherForm(WaveForm):
        word = "charge"

    with pytest.raises(ValueError, match="two kinds called 'charge'"):
        register(Other)
    with pytest.raises(ValueError, match="two words 'charge'"):
        register(form=OtherForm)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_kind_answers_what_it_is_asked(kind: type[Step]) -> None:
    """Its words, its booking, its activity and what goes in and comes out of that."""
    for name in ("title", "why", "book"):
        assert getattr(kind, name) is not getattr(Step, name), f"{kind.name} says nothing for {name}"
    assert kind.activity in set(activity_names())
    assert issubclass(kind.task_type, Task)
    assert kind.task_type is not Task
    assert issubclass(kind.result_type, Message)
    assert issubclass(kind, BaseModel)
    assert "kind" not in kind.model_fields, "the name is the class's own"


def test_no_two_kinds_share_what_their_activity_gets() -> None:
    """A task is read by the step's kind."""
    assert len({kind.task_type for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("step", examples(), ids=lambda step: f"{step.kind} {step.title}")
def test_the_traits_of_a_step_make_sense_together(step: Step) -> None:
    """For every kind in every shape."""
    assert step.title.strip()
    assert not (step.warns and step.may_be_left_out), "without it the case would end unannounced"
    assert not (step.ends and step.may_be_left_out), "without it the case would never end"
    assert not (step.newest_only and not step.only_newest)
    assert not (step.warns and not step.says_what_comes), "whoever warns tells"
    assert not (step.comes_first and step.says_what_comes), "what comes first decides what is said"
    assert not step.beside(step), "a step is not its own neighbour"
    now = situation(a_case(), NOW)
    assert not step.waits_for(step.but(ends=True), NOW, now) or not step.ends, "two ends never wait for each other"
    assert isinstance(step.weight, tuple)
    for other in examples():
        assert step.beside(other) == other.beside(step), "side by side is mutual"
        assert not step.beside(other) or (step.kind == other.kind and not step.waits_for(other, NOW, now))
        if step.one_at_a_time and other.kind == step.kind:
            assert (step.weight > other.weight) in (True, False), "weights of one kind can be compared"


@pytest.mark.parametrize("step", examples(), ids=lambda step: f"{step.kind} {step.title}")
def test_a_decision_about_any_step_comes_back_from_the_history(step: Step) -> None:
    """Whatever it decides: with the step and its task as they were."""
    effect = effect_of(a_case(), step, NOW)
    for decision in (
        Wait(until=NOW, why="w", step=step, put_off=(PutOff(step=step, until=NOW, why="p", rule="r@1"),)),
        Act(effects=(effect, effect), why="w", skips=(Skip(step=step, why="s"),)),
        Close(outcome="recovered", why="w", skips=(Skip(step=step, why="s"),)),
    ):
        decided = Decided(at=NOW, decision=decision)

        assert decided == Decided.model_validate_json(decided.model_dump_json())
    task = Effect.model_validate_json(effect.model_dump_json()).task
    assert type(step).task_type is type(task)


def test_a_step_of_an_unknown_kind_is_refused_by_name() -> None:
    """A case of a later release that comes to an older worker."""
    step = RecallStep(key="x", due=NOW, day=0, reference="r").model_dump(mode="json")

    with pytest.raises(ValueError, match="there is no kind of step 'dance'; known are charge, message"):
        Skip.model_validate({"step": {**step, "kind": "dance"}, "why": "w"})


def test_every_word_of_a_policy_becomes_a_registered_step_with_the_key_of_its_place() -> None:
    """`escalate` becomes a handoff or a write-off; every other word is one kind."""
    found: dict[str, set[str]] = {}
    for due in ("20", "100"):
        now: Situation = situation(a_case(due=usd(due)), at("04-01 10:00"))
        for slot in now.schedule.slots:
            step = now.step_at(slot)
            found.setdefault(slot.form.word, set()).add(step.kind)
            assert (slot.key, slot.entry.day, slot.form.ends) == (step.key, step.day, step.ends)
            assert slot.due <= step.due, "no step is due before its place"
            assert slot.form.warns == step.warns

    assert {
        "charge": {"charge"},
        "remind": {"message"},
        "restrict": {"access"},
        "cancel_subscription": {"cancellation"},
        "escalate": {"handoff", "write_off"},
    } == found


@pytest.mark.parametrize(
    "written",
    [
        "charge",
        "cancel_subscription",
        "escalate",
        {"restrict": "blocked"},
        {"restrict": {"access": "read_only"}},
        {"remind": {"channel": "sms", "stage": "firm"}},
    ],
    ids=str,
)
def test_a_form_is_written_as_it_is_read(written: Any) -> None:
    """In the long form too."""
    form = read_form(written)

    assert form == read_form(write_form(form))
    assert form is read_form(form)


def test_forms_of_one_day_have_names_of_their_own() -> None:
    """The name makes the key: two shapes of one word that differ have two names."""
    forms = [
        *(read_form({"remind": {"channel": c, "stage": s}}) for c in WRITTEN for s in DEMANDS if s is not Stage.ACTION),
        *(read_form({"restrict": access}) for access in ("read_only", "blocked")),
        *(read_form(word) for word in ("charge", "call", "cancel_subscription", "escalate")),
    ]

    assert len({form.name for form in forms}) == len(forms)


def test_every_kind_is_lived_by_some_case_and_booked() -> None:
    """Between them, these lives carry out every kind there is."""
    paid = payment("p", usd("100"))
    transferred = paid_outside("t", usd("40"))
    lives = [
        live(a_case(), told=[(at("04-06 12:00"), transferred)]),
        live(a_case(), told=[(at("05-01 12:00"), paid)]),
        live(a_case(due=usd("20"))),
        live(a_case(policy=a_policy({"day": 1, "do": ["call"]}, *PLAIN.model_dump(mode="json")["timeline"][2:]))),
    ]

    assert set(KINDS) == {effect.step.kind for life in lives for _, effect in life.acts}
    assert all(Case.model_validate_json(life.case.model_dump_json()) == life.case for life in lives)
