"""Letters as PDF: `letter.typ` of the messages' folders, compiled by typst. The same letter is the same bytes."""

import json
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal, overload

import segno
import typst
from fontTools.ttLib import TTCollection, TTFont

from domain.rules.refusals import About
from gateways.ports.messages import Letter, Printed
from gateways.ports.trouble import ProviderMisuse, Unreachable

LAYOUT = "letter.typ"
_FONTS = ("fontpkg_noto_sans", "fontpkg_noto_sans_thai", "noto_cjk_sans_jp_regular")
"""Packages with the fonts of the shipped languages, under the SIL Open Font License."""
_SUFFIXES = (".ttf", ".otf", ".ttc")
_BLANK = {*" \t\n\u00a0\u202f\u2009\u200b\u200e\u200f\u00ad"}


class LetterPress:
    """directories: as of the messages: of several layouts the last one is taken. What lies beside it (a logo) it may
    show. fonts: a folder of further fonts; the machine's own are never used, so that letters look the same everywhere.
    """

    def __init__(self, directories: Sequence[Path], fonts: Path | None = None) -> None:
        """Raises FileNotFoundError when there is no layout."""
        found = [directory / LAYOUT for directory in directories if (directory / LAYOUT).is_file()]
        if not found:
            raise FileNotFoundError(LAYOUT)
        self._layout = found[-1]
        shipped = [Path(str(files(name))) for name in _FONTS]
        self._folders = [*shipped, *([fonts] if fonts else [])]
        self._one_at_a_time = threading.Lock()

    def __repr__(self) -> str:
        return f"LetterPress({str(self._layout)!r})"

    def printed(self, letter: Letter) -> Printed:
        """Raises Unreachable for signs that no font has, ProviderMisuse for a layout that is wrong."""
        self._require_signs(letter)
        with self._one_at_a_time:
            pdf = self._compile(letter, "pdf")
            pages = json.loads(self._compiler.query("<pages>", field="value", one=True))
        return Printed(pdf=pdf, pages=pages)

    def pictures(self, letter: Letter) -> list[str]:
        """Each page as SVG, to be looked at. Raises as `printed`."""
        self._require_signs(letter)
        with self._one_at_a_time:
            found = self._compile(letter, "svg")
        return [page.decode() for page in found]

    @cached_property
    def _compiler(self) -> typst.Compiler:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(each) for each in self._folders]
        )
        return typst.Compiler(str(self._layout), root=str(self._layout.parent), font_paths=fonts)

    @overload
    def _compile(self, letter: Letter, form: Literal["pdf"]) -> bytes: ...
    @overload
    def _compile(self, letter: Letter, form: Literal["svg"]) -> list[bytes]: ...
    def _compile(self, letter: Letter, form: Literal["pdf", "svg"]) -> bytes | list[bytes]:
        code = segno.make(letter.link, error="m", micro=False).svg_inline(border=0, unit="mm")
        given = {"letter": letter.model_dump_json(), "qr": code}
        try:
            found = self._compiler.compile(format=form, sys_inputs=given)
        except typst.TypstError as error:
            raise ProviderMisuse(f"{self._layout} cannot be laid out ({error.message}): correct it.") from None
        if form == "svg":
            return found if isinstance(found, list) else [found or b""]
        assert isinstance(found, bytes)  # noqa: S101 - of a PDF
        return found

    def _require_signs(self, letter: Letter) -> None:
        missing = sorted({sign for sign in _signs(letter) if ord(sign) not in self._known and sign not in _BLANK})
        if missing:
            names = " ".join(f"U+{ord(sign):04X}" for sign in missing[:5])
            raise Unreachable(
                f"No font here has signs of the letter ({names}): put one into the folder of LETTER_FONTS.",
                about=About.COUNTRY,
            )

    @cached_property
    def _known(self) -> frozenset[int]:
        """The signs that can be printed."""
        paths = [path for folder in self._folders for path in sorted(folder.rglob("*")) if path.suffix in _SUFFIXES]
        known: set[int] = set()
        for path in paths:
            fonts = TTCollection(path, lazy=True).fonts if path.suffix == ".ttc" else [TTFont(path, lazy=True)]
            for font in fonts:
                known |= (font.getBestCmap() or {}).keys()
        return frozenset(known)


def _signs(value: object) -> set[str]:
    """All signs of a letter's texts."""
    match value:
        case str():
            return set(value)
        case Letter():
            return _signs(tuple(value.model_dump().values()))
        case dict():
            return _signs(tuple(value.values()))
        case tuple() | list():
            return set().union(*map(_signs, value))
    return set()
