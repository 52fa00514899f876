"""The brand's file: the shipped one, and over it the merchant's own, which may say it otherwise for segments."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from domain.brand import Brand, BySegment, Palette
from gateways.yaml_files import FileError, YamlFile

FILE = "brand.yaml"
SEGMENTS = "segments"
"""The key of the file under which each segment has keys of its own."""

_ANY = "any"
_LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA), for text of usual size."""
_PAIRS = (("text", "card"), ("quiet", "card"), ("quiet", "page"), ("action", "card"), ("on_action", "action"))
"""Which colour is read on which."""


def brand_file(shipped: Path, own: Path) -> YamlFile:
    """Of two folders of policies, which may be the same; the merchant's need not have such a file. Raises FileError."""
    base, top = YamlFile(shipped / FILE), own / FILE
    return base if own == shipped or not top.is_file() else YamlFile(top).over(base)


def read_brands(file: YamlFile, settings: Mapping[str, str], known: Collection[str] | None = None) -> BySegment[Brand]:
    """The brand, with the settings where the file says nothing, and those of segments: what an entry does not say is
    as in the merchant's own. `known`: the segments that there may be; None: any. Raises FileError with every problem.
    """
    whole = file.with_defaults(settings)
    own = whole.without(SEGMENTS)
    found = _brand(own)
    entries = file.data.get(SEGMENTS) or {}
    if not isinstance(entries, dict):
        raise FileError(
            file.told((SEGMENTS,), "it has to consist of segments, each with the keys that it says otherwise")
        )
    wrong, brands = list[str](), dict[str, Brand]()
    for segment, entry in entries.items():
        try:
            brands[segment] = _of_segment(own, file, segment, entry, known)
        except FileError as error:
            wrong.append(str(error))
    if wrong:
        raise FileError("\n".join(wrong))
    return BySegment(found, brands)


def _of_segment(own: YamlFile, file: YamlFile, segment: str, entry: object, known: Collection[str] | None) -> Brand:
    place = (SEGMENTS, segment)
    if not isinstance(entry, dict):
        raise FileError(file.told(place, f"it has to consist of keys and values; use {', '.join(Brand.model_fields)}"))
    if segment == _ANY:
        raise FileError(file.told(place, "any is everybody: say it without segments"))
    if known is not None and segment not in known:
        those = ", ".join(sorted({*known} - {_ANY})) or "none"
        raise FileError(file.told(place, f"no policy is for this segment; policies name {those}"))
    # Who has another name does not write under the one of before.
    return _brand((own.without("sender_name") if "name" in entry else own).part(place, file))


def _brand(file: YamlFile) -> Brand:
    brand = file.as_model(Brand)
    palettes = {"light": brand.colours.light, "dark": brand.colours.dark}
    if wrong := [_told(file, name, ink, why) for name, palette in palettes.items() for ink, why in _pale(palette)]:
        raise FileError("\n".join(wrong))
    return brand


def _told(file: YamlFile, palette: str, ink: str, why: str) -> str:
    place = ("colours", palette, ink)
    # A segment may say the ground alone.
    return file.told(place, why) if file.says(place) else file.told(place[:2], f"{ink}: {why}")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _pale(palette: Palette) -> Iterator[tuple[str, str]]:
    """The colours that cannot be read, each with why."""
    for ink, ground in _PAIRS:
        found = contrast(getattr(palette, ink), getattr(palette, ground))
        if found < _LEAST_CONTRAST:
            need = f"people read it only from {_LEAST_CONTRAST} on: make one darker or lighter"
            yield ink, f"its contrast with {ground} is {found:.1f}, and {need}"


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
