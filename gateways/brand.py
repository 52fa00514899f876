"""The brand's file: the shipped one, and over it the merchant's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from domain.brand import Brand, Palette
from gateways.yaml_files import FileError, YamlFile

FILE = "brand.yaml"

_LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA), for text of usual size."""
_PAIRS = (("text", "card"), ("quiet", "card"), ("quiet", "page"), ("action", "card"), ("on_action", "action"))
"""Which colour is read on which."""


def brand_file(shipped: Path, own: Path) -> YamlFile:
    """Of two folders of policies, which may be the same; the merchant's need not have such a file. Raises FileError."""
    base, top = YamlFile(shipped / FILE), own / FILE
    return base if own == shipped or not top.is_file() else YamlFile(top).over(base)


def read_brand(file: YamlFile, settings: Mapping[str, str]) -> Brand:
    """The brand, with the settings where the file says nothing. Raises FileError with every problem."""
    brand = file.with_defaults(settings).as_model(Brand)
    palettes = {"light": brand.colours.light, "dark": brand.colours.dark}
    wrong = [
        file.told(("colours", name, ink), said) for name, palette in palettes.items() for ink, said in _pale(palette)
    ]
    if wrong:
        raise FileError("\n".join(wrong))
    return brand


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
