"""The pictures that somebody has looked at and approved, and what is new beside them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel

from tests.looks.browser import difference, picture, small
from tests.looks.sheets import SCHEMES, Sheet

FOLDER = Path(__file__).parent / "approved"
TOLERANCE = 0.002
"""Two in a thousand squares: less than one line of one e-mail."""


class Approved(BaseModel):
    """What the pictures were made of, by `approved/index.json`."""

    digests: dict[str, str] = {}  # language → of its sheet

    @classmethod
    def read(cls) -> Self:
        """Empty where nothing was approved yet."""
        file = FOLDER / "index.json"
        return cls.model_validate_json(file.read_text()) if file.exists() else cls()

    def differ(self, sheets: Iterable[Sheet]) -> list[Sheet]:
        """Those that are made of something else than what was approved."""
        return [sheet for sheet in sheets if self.digests.get(sheet.language) != sheet.digest]


class Look(NamedTuple):
    """One sheet in one colour scheme."""

    name: str  # "th-dark"
    png: bytes
    differs: float | None  # from the approved picture; None: there is none

    @property
    def good(self) -> bool:
        """Whether it looks as it was approved."""
        return self.differs is not None and self.differs <= TOLERANCE


def look(sheet: Sheet, scheme: str) -> Look:
    """How a sheet looks now, and how far that is from what was approved."""
    name = f"{sheet.language}-{scheme}"
    png, known = picture(sheet.page, scheme, sheet.size), FOLDER / f"{name}.webp"
    if not known.exists():
        return Look(name, png, None)
    # Compared is what is left of it when it is kept: the other has lost as much.
    [kept] = small([png])
    return Look(name, png, difference(kept, known.read_bytes()))


def approve(sheets: list[Sheet]) -> int:
    """Keeps how all of them look now; how many bytes that takes."""
    files: dict[str, bytes] = {}
    for sheet in sheets:
        pictures = [picture(sheet.page, scheme, sheet.size) for scheme in SCHEMES]
        names = [f"{sheet.language}-{scheme}.webp" for scheme in SCHEMES]
        files |= dict(zip(names, small(pictures), strict=True))
    # All are made before one is replaced: a browser that fails leaves what was approved.
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for name, kept in files.items():
        (FOLDER / name).write_bytes(kept)
    made_of = Approved(digests={sheet.language: sheet.digest for sheet in sheets})
    (FOLDER / "index.json").write_text(made_of.model_dump_json(indent=1) + "\n")
    return sum(file.stat().st_size for file in FOLDER.iterdir())
