"""The dated rule tables of `policies/rules/`: what declines and refusals mean, ceilings, and the law of contacts."""

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.base import Frozen
from domain.declines import CodeRule, DeclineTable
from domain.invoice import Network
from domain.rules.ceilings import Ceilings
from domain.rules.law_table import Jurisdiction, LawTable, merged
from domain.rules.minimum import MinimumCharges
from domain.rules.networks import CeilingTable
from domain.rules.origin import Origin
from domain.rules.rails import RailTable
from domain.rules.refusals import RefusalTable
from gateways.yaml_files import FileError, read_model


class CodeGroup(Frozen):
    """Codes that come from one source."""

    origin: Origin
    codes: dict[str, CodeRule] = Field(default_factory=dict)
    advice: dict[str, CodeRule] = Field(default_factory=dict)
    network_advice: dict[Network, dict[str, CodeRule]] = Field(default_factory=dict)
    network_decline: dict[Network, dict[str, CodeRule]] = Field(default_factory=dict)


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


def load_decline_table(folder: Path | str) -> DeclineTable:
    """Reads `declines.yaml` of the folder `policies/rules`. Raises FileError that names line and key."""
    return read_model(Path(folder) / "declines.yaml", DeclineFile).table()


def load_network_rules(folder: Path | str) -> Ceilings:
    """Reads `networks.yaml` and `rails.yaml` of `policies/rules`. Raises FileError that names line and key."""
    networks = read_model(Path(folder) / "networks.yaml", CeilingTable)
    return Ceilings(networks=networks, rails=read_model(Path(folder) / "rails.yaml", RailTable))


def load_minimum_charges(folder: Path | str) -> MinimumCharges:
    """Reads `minimum-charges.yaml` of the folder `policies/rules`. Raises FileError that names line and key."""
    return read_model(Path(folder) / "minimum-charges.yaml", MinimumCharges)


def load_refusals(folder: Path | str, provider: str) -> RefusalTable:
    """Reads `twilio-errors.yaml` or another provider's. Raises FileError that names line and key."""
    return read_model(Path(folder) / f"{provider}-errors.yaml", RefusalTable)


PlaceCode = Annotated[str, Field(pattern="^[A-Z]{2}(-[A-Z]{2,3})?$")]


class LawFile(Frozen):
    """A file of `law/`."""

    places: dict[PlaceCode, Jurisdiction] = Field(min_length=1)


def load_law(folder: Path | str) -> LawTable:
    """Reads every file of the folder `policies/rules/law`. Raises FileError, of a row with its file, line and key."""
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise FileError(f"{folder}: no table of the law (*.yaml) is in this folder: take it out, or fill it")
    try:
        return merged(read_model(file, LawFile).places for file in files)
    except ValueError as error:
        raise FileError(f"{folder}: {error}") from None
