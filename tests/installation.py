"""An installation with all that can be spoilt in it, for the doctor."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateways.ledger.sql_ledger import SqlLedger
from runtime import wiring
from runtime.checks import servers
from runtime.checks.look import Look
from runtime.doctor import CHECKS, Finding, looked_at
from runtime.settings import SHIPPED, Settings
from sandbox.providers.world import ProviderWorld

WITHOUT_TEMPORAL = [check for check in CHECKS if check not in servers.CHECKS[1:]]


@dataclass
class Installation:
    """All that can be spoilt. clock: how far this machine's is from the real time."""

    world: ProviderWorld
    folder: Path
    env: dict[str, str]
    clock: timedelta = field(default=timedelta(0))

    @property
    def settings(self) -> Settings:
        return Settings.model_validate({name.lower(): value for name, value in self.env.items() if value})

    @property
    def hook(self) -> dict[str, object]:
        """The webhook endpoint at Stripe."""
        return self.world.stripe.webhooks.endpoints.all()[0]

    def ledger(self) -> closing[SqlLedger]:
        return closing(wiring.open_ledger(self.settings))

    def set(self, **settings: str) -> None:
        self.env |= settings

    def bad(self, what: str | None = None) -> dict[str, str]:
        """What the doctor says is wrong: all of it, or of one thing and what that stands on."""
        return {one.what: one.said for one in self._found(what) if not one.good}

    def said(self, what: str) -> str:
        """What the doctor says of one thing."""
        return next(one.said for one in self._found(what) if one.what == what)

    def _found(self, what: str | None) -> list[Finding]:
        checks = [check for check in WITHOUT_TEMPORAL if what is None or check.what in _with_grounds(what)]
        look = Look(self.settings, lambda: datetime.now(UTC) + self.clock)
        return asyncio.run(looked_at(look, checks))


def _with_grounds(what: str) -> set[str]:
    after = next(check.after for check in CHECKS if check.what == what)
    return {what}.union(*map(_with_grounds, after))


def the_terms(text: str, name: str = "terms.yaml") -> Callable[[Installation], None]:
    """A folder of the merchant's own, with this file in it."""

    def plant(here: Installation) -> None:
        folder = here.folder / "policies"
        shutil.copytree(SHIPPED, folder)
        (folder / "terms.yaml").unlink()
        (folder / name).write_text(text, encoding="utf-8")
        here.set(DUNNING_POLICIES=str(folder))

    return plant


def a_fee(words: str, segment: str = "any", language: str = "en") -> str:
    return f'segments:\n  {segment}:\n    late_fee:\n      {language}: "{words}"\n'
