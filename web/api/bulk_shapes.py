"""What the API takes and answers about bulk orders."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from domain.base import Frozen
from service.bulk import MOST_NAMED, BulkState, LineState
from web.api.shapes import NoteOrder, PauseOrder, SettleOrder, SkipOrder

Id = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]


class PauseMany(PauseOrder):
    name: Literal["pause"]


class SettleMany(SettleOrder):
    """The same amount for each case: one of which less is due is refused."""

    name: Literal["settle"]


class SkipMany(SkipOrder):
    """`step`, for example `d3-charge`: cases for which another step comes next are refused."""

    name: Literal["skip"]


class OrderMany(NoteOrder):
    name: Literal["resume", "retry_now", "hand_off", "recall", "write_off"]


class CaseFilter(Frozen):
    """The cases that `GET /v1/cases` lists with the same filters; without any, all cases."""

    status: Literal["opening", "open", "on_hold", "with_agency", "closed"] | None = None
    customer: Id | None = Field(default=None, description="Only this customer's: Stripe's id.")
    owed_again: bool = Field(default=False, description="Only those whose money was taken back since.")


class BulkRequest(Frozen):
    """One order for many cases: either those of `invoices`, or those that `filter` finds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "order": {"name": "write_off", "note": "agreed with finance"},
                    "invoices": ["in_1Q2w3E4r", "in_5T6y7U8i"],
                },
                {
                    "order": {"name": "pause", "until": "2099-12-01T09:00:00Z", "note": "storm in the region"},
                    "filter": {"status": "open"},
                    "dry_run": False,
                },
            ]
        }
    )

    order: Annotated[PauseMany | SettleMany | SkipMany | OrderMany, Field(discriminator="name")]
    invoices: list[Id] | None = Field(default=None, min_length=1, max_length=MOST_NAMED)
    filter: CaseFilter | None = None
    dry_run: bool = Field(
        default=True, description="Only look at the cases, and order nothing before `/run`. False: order them at once."
    )


class BulkAnswer(Frozen):
    """A bulk order and how far it is."""

    id: str
    order: dict[str, Any]
    dry_run: bool
    state: BulkState = Field(
        description="`looking`: its cases are looked at. `shown`: what a dry run has shown can be run. `ordering`, "
        "`done`, `cancelled`."
    )
    total: int = Field(description="Cases so far; all of them from `shown` on.")
    cases: dict[LineState, int] = Field(description="How many of them are in which state.")
    by: str
    made_at: datetime
    ended_at: datetime | None
    note: str = Field(description="What it waits for, or why it ended before its end.")


class BulksAnswer(Frozen):
    orders: list[BulkAnswer]
    before: str | None = Field(description="Where the next page begins; null on the last.")


class BulkCase(Frozen):
    """One case of a bulk order."""

    number: int
    invoice_id: str
    state: LineState = Field(
        description="`new`: not looked at yet. `ready`: it would be ordered. `refused`. `asked`: it is being ordered. "
        "`done`. `overtaken`: it changed since it was looked at, and was not ordered. `unanswered`: nobody answered "
        "for a day, and perhaps it was ordered. `left`: cancelled before its turn."
    )
    version: str = Field(description="Of the case as it was looked at: its ETag then.")
    then: str = Field(description="What the case does next once it is ordered.")
    why: str = Field(description="Why it is not ordered.")


class BulkCasesAnswer(Frozen):
    cases: list[BulkCase]
    after: int | None = Field(description="Where the next page begins; null on the last.")
