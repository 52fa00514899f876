"""What a policy's timeline can say, one form per word: `charge`, `remind: {…}`, `restrict: read_only`, ….

A form is how a policy writes a kind of step; most kinds have one, listed in `domain/registry.py`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from domain.base import Frozen
from domain.steps import Step

if TYPE_CHECKING:
    from domain.schedule import Slot
    from domain.situation import Situation


class Form(Frozen):
    """One thing to do on one day of the timeline."""

    word: ClassVar[str]
    """How the policy calls it."""
    detail: ClassVar[str | None] = None
    """The field that `word: value` sets; None: the word stands alone, or before a mapping of the fields."""

    makes: ClassVar[tuple[type[Step], ...]] = ()
    """The kinds of its steps; those of a form that names none are looked at whatever kind is asked for."""
    counts: ClassVar[bool] = False  # uses up one of the policy's attempts
    speaks: ClassVar[bool] = False  # the customer hears of the debt
    needs_a_message: ClassVar[bool] = False  # what it takes away has to be said first
    on_the_last_day: ClassVar[bool] = False  # belongs to the end that messages announce
    ends: ClassVar[bool] = False  # the timeline ends with it

    @property
    def warns(self) -> bool:
        """Whether it announces the end."""
        return False

    @property
    def name(self) -> str:
        """Its name within its day; with the day it makes the step's key."""
        return self.word

    def step(self, now: "Situation", slot: "Slot") -> Step:
        """The step as it stands for one case at one moment."""
        raise NotImplementedError


FORMS: dict[str, type[Form]] = {}
"""Every form by its word. Filled by `domain/registry.py`, and only there."""


def one_of(allowed: Collection[str]) -> BeforeValidator:
    """Of an enum of which a policy may write a part only: what is refused is answered with what is not."""

    def check(value: Any) -> Any:
        if value in allowed:
            return value
        expected = ", ".join(f"'{word}'" for word in allowed)
        raise PydanticCustomError("enum", "Input should be {expected}", {"expected": expected})

    return BeforeValidator(check)


def read_form(value: Any, extra: Literal["ignore"] | None = None) -> Any:
    """A form from its YAML: a word, or one key with its value. Raises ValueError, or pydantic's own for the fields.

    The error's location has the word in it, as the file does. `extra`: what becomes of a field that there is not.
    """
    if isinstance(value, Form):
        return value
    if isinstance(value, str):
        return _known(value, ()).model_validate({}, extra=extra)
    if isinstance(value, dict) and len(value) == 1:
        [(word, given)] = value.items()
        form = _known(str(word), (str(word),))
        if form.detail and not isinstance(given, dict):
            given = {form.detail: given}
        fields: dict[str, Any] = {form.word: (form, Field())}
        # Through a model with the word as its field, so that an error's location leads to the line in the file.
        read = create_model("OneStep", **fields).model_validate({form.word: given or {}}, extra=extra)
        return getattr(read, form.word)
    raise ValueError(f"a step is one word, or one word with its details; use {_words()}")


def write_form(form: Form) -> Any:
    """The form as a policy writes it; `read_form` reads it back."""
    fields = form.model_dump(mode="json")
    return {form.word: fields} if fields else form.word


def _known(word: str, loc: tuple[str, ...]) -> type[Form]:
    """The form of a word. Raises pydantic's own error for a word that there is not, so that it is told like one."""
    if form := FORMS.get(word):
        return form
    words = ", ".join(map(repr, FORMS))
    raise ValidationError.from_exception_data(
        "step", [{"type": "literal_error", "loc": loc, "input": word, "ctx": {"expected": words}}]
    )


def _words() -> str:
    *first, last = FORMS
    return f"{', '.join(first)} or {last}"
