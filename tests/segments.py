"""A merchant's folder with a brand of its own for one segment."""

import shutil
from pathlib import Path

from runtime.settings import SHIPPED

BRAND = """\
name: Nimbus
contact: help@nimbus.example
sender_name: Nimbus Billing
postal_address: [1 Sky Road]
segments:
  gold:
    name: Aurora
    contact: help@aurora.example
    colours: {light: {action: "#0f766e"}}
"""


def folder_with_segments(tmp_path: Path, brand: str = BRAND) -> Path:
    """Policies for any segment and for `gold`, and a brand."""
    folder = tmp_path / "policies"
    folder.mkdir(exist_ok=True)
    shutil.copy(SHIPPED / "standard.yaml", folder)
    gold = (SHIPPED / "standard.yaml").read_text("utf-8").replace("name: standard", "name: gold", 1)
    (folder / "gold.yaml").write_text(gold.replace("segments: [any]", "segments: [gold]", 1), "utf-8")
    (folder / "brand.yaml").write_text(brand, "utf-8")
    return folder
