"""The dated rule tables of `policies/rules/`: what declines mean, and the ceilings of the card networks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.case import ChargeOutcome
from domain.declines import CodeRule, DeclineTable
from domain.money import Money
from gateways.ports.rows import CardUse, Refusal
from gateways.yaml_files import read_model

_NOT_CHARGED = (ChargeOutcome.NOT_OPEN, ChargeOutcome.REFUSED)


class Origin(Frozen):
    """Where a rule comes from and how sure it is."""

    source: str = Field(min_length=1)
    url: str = ""
    edition: date  # of the source, or when it was read
    conf: str = Field(pattern="^(R1|R2|M)$")  # R1 read in the primary text, R2 in a secondary one, M not re-read
    verified: bool

    def __str__(self) -> str:
        return f"{self.source}, {self.edition.isoformat()}, {self.conf}{'' if self.verified else ', not verified'}"


class CodeGroup(Frozen):
    """Codes that come from one source."""

    origin: Origin
    codes: dict[str, CodeRule] = Field(default_factory=dict)
    advice: dict[str, CodeRule] = Field(default_factory=dict)
    network_advice: dict[str, dict[str, CodeRule]] = Field(default_factory=dict)
    network_decline: dict[str, dict[str, CodeRule]] = Field(default_factory=dict)


class DeclineFile(Frozen):
    """`declines.yaml`."""

    edition: date
    unknown: CodeRule
    groups: tuple[CodeGroup, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _every_code_once(self) -> Self:
        seen: set[str] = set()
        for group in self.groups:
            names = {f"codes.{code}" for code in group.codes} | {f"advice.{code}" for code in group.advice}
            for kind in ("network_advice", "network_decline"):
                names |= {f"{kind}.{brand}.{code}" for brand, codes in getattr(group, kind).items() for code in codes}
            if twice := sorted(names & seen):
                raise ValueError(f"groups: {', '.join(twice)} stands in two groups; keep one of them")
            seen |= names
        return self

    def table(self) -> DeclineTable:
        advice: dict[str, dict[str, CodeRule]] = {}
        declines: dict[str, dict[str, CodeRule]] = {}
        for group in self.groups:
            for brand, rows in group.network_advice.items():
                advice.setdefault(brand, {}).update(rows)
            for brand, rows in group.network_decline.items():
                declines.setdefault(brand, {}).update(rows)
        return DeclineTable(
            edition=self.edition,
            sources=tuple(dict.fromkeys(str(group.origin) for group in self.groups)),
            codes={code: rule for group in self.groups for code, rule in group.codes.items()},
            advice={code: rule for group in self.groups for code, rule in group.advice.items()},
            network_advice=advice,
            network_decline=declines,
            unknown=self.unknown,
        )


class Ceiling(Frozen):
    """At most `limit` declined charges on one card within the window before one more."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    limit: int = Field(ge=1)
    window_hours: int = Field(ge=1, le=31 * 24)  # the ledger counts no further back
    same_amount: bool  # only charges of the same amount and currency count
    approval_resets: bool  # an approved charge sets the count back to nothing
    origin: Origin

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_hours)

    @property
    def rule(self) -> str:
        return f"{self.id}@{self.origin.edition.isoformat()}"

    def counted(self, uses: Sequence[CardUse], amount: Money, at: datetime) -> list[datetime]:
        """When the charges were made that count against one more at `at`, oldest first.

        Also those of up to a window later: a charge that was delayed on its way still shares a window with them.
        """
        near = sorted((use for use in uses if abs(use.at - at) < self.window), key=lambda use: use.at)
        if self.same_amount:
            near = [use for use in near if use.amount == amount]
        if self.approval_resets:
            approved = max((use.at for use in near if use.outcome is ChargeOutcome.PAID), default=None)
            near = [use for use in near if approved is None or use.at > approved]
        return [use.at for use in near if use.outcome is not ChargeOutcome.PAID and use.outcome not in _NOT_CHARGED]

    def refuse(self, network: str, uses: Sequence[CardUse], amount: Money, at: datetime) -> Refusal | None:
        counted = self.counted(uses, amount, at)
        if len(counted) < self.limit:
            return None
        days, hours = divmod(self.window_hours, 24)
        span = f"{self.window_hours} hours" if hours or days == 1 else f"{days} days"
        what = f"{self.limit} declined charges{' of the same amount' if self.same_amount else ''}"
        return Refusal(
            rule=self.rule,
            why=f"The card has had {len(counted)} of the {what} that {network} allows within {span}.",
            # The first moment at which so many have left the window that there is room for one.
            not_before=counted[len(counted) - self.limit] + self.window,
        )


class CeilingTable(Frozen):
    """`networks.yaml`: the ceilings by card brand; `other` is for every card brand without rows of its own.

    Fulfils `ports.NetworkRules`.
    """

    edition: date
    networks: dict[str, tuple[Ceiling, ...]]
    other: tuple[Ceiling, ...] = Field(min_length=1)

    def refuse(self, network: str | None, uses: Sequence[CardUse], amount: Money, at: datetime) -> Refusal | None:
        """The refusal that lasts longest, or None. A bank debit (no network) has no card network's ceiling."""
        if network is None:
            return None
        refusals = [
            refusal
            for ceiling in self.networks.get(network, self.other)
            if (refusal := ceiling.refuse(network, uses, amount, at))
        ]
        return max(refusals, key=lambda refusal: refusal.not_before or at, default=None)


def load_decline_table(folder: Path | str) -> DeclineTable:
    """Reads `declines.yaml` of the folder `policies/rules`. Raises FileError that names line and key."""
    return read_model(Path(folder) / "declines.yaml", DeclineFile).table()


def load_network_rules(folder: Path | str) -> CeilingTable:
    """Reads `networks.yaml` of the folder `policies/rules`. Raises FileError that names line and key."""
    return read_model(Path(folder) / "networks.yaml", CeilingTable)
