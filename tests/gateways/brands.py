"""A merchant's brand, as tests need one."""

from pathlib import Path
from typing import Any

from domain.brand import Brand
from gateways.yaml_files import YamlFile

SHIPPED = Path(__file__).resolve().parents[2] / "policies"


def a_brand(name: str = "Acme", contact: str = "help@acme.example", **said: Any) -> Brand:
    """With the shipped colours."""
    return YamlFile(SHIPPED / "brand.yaml").with_defaults({"name": name, "contact": contact, **said}).as_model(Brand)
