"""The fonts of the pictures: those that letters are printed with, and no other that a machine may have."""

from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

_PACKAGES = ("fontpkg_noto_sans", "fontpkg_noto_sans_thai", "noto_cjk_sans_jp_regular")
_CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
{folders}
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <edit name="family" mode="append"><string>Noto Sans</string><string>Noto Sans Thai</string>
      <string>Noto Sans CJK JP</string></edit>
  </match>
  <match target="font">
    <edit name="antialias"><bool>true</bool></edit>
    <edit name="hinting"><bool>false</bool></edit>
    <edit name="hintstyle"><const>hintnone</const></edit>
    <edit name="rgba"><const>none</const></edit>
  </match>
</fontconfig>
"""


def config(folder: Path) -> Path:
    """A file for `FONTCONFIG_FILE` by which a browser knows these fonts alone; it and its cache lie in `folder`.

    Raises ModuleNotFoundError where they are not installed.
    """
    folders = "\n".join(f"  <dir>{escape(str(_place(package)))}</dir>" for package in _PACKAGES)
    file = folder / "fonts.conf"
    file.write_text(_CONFIG.format(folders=folders, cache=escape(str(folder / "fontcache"))), encoding="utf-8")
    return file


def _place(package: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: make installs it with the other packages.")
    return Path(found.submodule_search_locations[0])
