"""Whatever pydantic finds wrong is said in plain words, and nobody's data is repeated where it must not be."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field, Tag, ValidationError, model_validator

from domain.base import Frozen
from domain.money import Money
from domain.sentences import Problem, dotted, problems, sentence


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Circle(Frozen):
    shape: Literal["circle"]
    radius: int


class Square(Frozen):
    shape: Literal["square"]
    width: int


class Drawing(Frozen):
    name: str = Field(max_length=5)
    colour: Colour = Colour.RED
    shapes: tuple[Annotated[Circle | Square, Field(discriminator="shape")], ...] = ()
    by_colour: dict[Colour, Circle] = Field(default_factory=dict)
    count: int = Field(default=1, le=3)
    at: datetime | None = None
    price: Money | None = None
    labels: tuple[str, ...] = Field(default=("a",), min_length=1)

    @model_validator(mode="after")
    def _priced(self) -> "Drawing":
        if self.count == 0 and self.price:
            raise ValueError("price: nothing has no price")
        if self.count < 0:
            raise ValueError("there is less than nothing")
        return self


def wrong(**values: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate({"name": "a", **values})
    return caught.value


def circle(**more: object) -> dict[str, object]:
    return {"shape": "circle", "radius": 1, **more}


@pytest.mark.parametrize(
    ("values", "shown", "hidden"),
    [
        ({"colour": "rde"}, "colour: 'rde' is not allowed; use red, blue or green", None),
        ({"colour": None}, "colour: an empty value is not allowed; use red, blue or green", None),
        ({"colour": ["red"]}, "colour: the value is not allowed; use red, blue or green", None),
        ({"name": "Leonardo"}, "name: 'Leonardo' is not allowed: it should have at most 5 characters", None),
        ({"count": "many"}, "count: 'many' is not allowed: it should be a whole number", None),
        ({"count": 4}, "count: '4' is not allowed: it should be less than or equal to 3", None),
        ({"labels": []}, "labels: the list needs at least 1 entry", None),
        ({"labels": [1]}, "labels.0: '1' is not allowed: it should be text in quotes", None),
        ({"price": 5}, "price: '5' is not allowed: it should consist of keys and values", None),
        ({"colr": 1}, "colr: unknown key; did you mean colour?", "colr: unknown key; did you mean colour?"),
        ({"price": {"amount": 1}}, "price.currency: the key is missing", None),
        ({"price": {"amount": 1, "currency": "USD", "vat": 1}}, "price.vat: unknown key; use amount or currency", None),
        ({"by_colour": {"rde": circle()}}, "by_colour.rde: 'rde' is not allowed; use red, blue or green", None),
        ({"by_colour": {"red": circle(x=1)}}, "by_colour.red.x: unknown key; use shape or radius", None),
        ({"shapes": [circle(x=1)]}, "shapes.0.circle.x: unknown key; use radius", None),
        ({"shapes": [circle(radus=1)]}, "shapes.0.circle.radus: unknown key; did you mean radius?", None),
        ({"shapes": [{"shape": "line"}]}, "shapes.0: 'line' is not allowed; use circle or square", None),
        ({"count": 0, "price": {"amount": 1, "currency": "USD"}}, "price: nothing has no price", None),
        ({"count": -1}, "there is less than nothing", "there is less than nothing."),
        (
            {"price": {"amount": 1, "currency": "dollars"}},
            "price.currency: 'dollars' is not an ISO 4217 currency code such as USD or THB",
            "price.currency: it is not an ISO 4217 currency code such as USD or THB.",
        ),
    ],
)
def test_a_problem_is_a_plain_sentence(values: dict[str, object], shown: str, hidden: str | None) -> None:
    """With the value where it may be shown, and without it where it may be a secret or a person's."""
    [problem] = problems(wrong(**values), Drawing, values=True)

    assert f"{dotted(problem.loc)}: {problem.text}".removeprefix(": ").startswith(shown)
    if hidden:
        assert hidden == sentence(wrong(**values), Drawing)


SECRET = "ada@example.com"


@pytest.mark.parametrize(
    "values",
    [
        {"colour": SECRET},
        {"name": SECRET},
        {"count": SECRET},
        {"at": SECRET},
        {"price": SECRET},
        {"price": {"amount": SECRET, "currency": SECRET}},
        {"price": {"amount": 1, "currency": "USD", SECRET: 1}},
        {"shapes": [{"shape": SECRET}]},
        {"shapes": [circle(radius=SECRET)]},
        {SECRET: 1},
    ],
)
def test_nothing_of_the_input_is_repeated(values: dict[str, object]) -> None:
    """Neither a value nor the name of a key that nobody knows."""
    told = sentence(wrong(**values), Drawing, unknown_keys=False)

    assert told
    assert SECRET not in told


def test_an_unknown_key_is_told_without_its_name() -> None:
    """Where it stands and what may stand there is enough."""
    values = {"price": {"amount": 1, "currency": "USD", SECRET: 1}}

    assert "price: a key is unknown; use amount or currency." == sentence(wrong(**values), Drawing, unknown_keys=False)


def test_all_problems_are_told_in_one_bounded_line() -> None:
    """In their order, under the names that the caller gives to places."""
    error = wrong(colour="rde", count=4)

    assert (
        "COLOUR: the value is not allowed; use red, blue or green; "
        "COUNT: the value is not allowed: it should be less than or equal to 3."
    ) == sentence(error, place=lambda loc: dotted(loc).upper())
    assert 20 == len(sentence(error, longest=20))


def test_what_is_missing_is_marked() -> None:
    """Its place is not in the input."""
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate({})

    assert [Problem(("name",), "the key is missing", missing=True)] == problems(caught.value, values=True)


def test_a_list_is_not_too_short_because_its_entries_are_wrong() -> None:
    """One mistake is one sentence."""
    assert 1 == len(problems(wrong(labels=[1]), Drawing, values=True))


class Renamed(Frozen):
    """A union whose members are told apart by tags."""

    part: Annotated[Circle, Tag("round")] | Annotated[Square, Tag("cornered")]


def test_the_keys_of_a_tagged_member_are_known() -> None:
    """Also where the tag is no field of it."""
    with pytest.raises(ValidationError) as caught:
        Renamed.model_validate({"part": {"shape": "square", "width": 1, "hight": 2}})
    told = {each.text for each in problems(caught.value, Renamed, values=True)}

    assert "unknown key; use shape or width" in told
