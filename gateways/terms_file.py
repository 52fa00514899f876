"""The merchant's part of the terms (the shipped file, and over it the merchant's own), and where terms are shown."""

from pathlib import Path

from gateways.yaml_files import YamlFile, layered

FILE = "terms.yaml"
PATH = "/terms/"


def terms_file(shipped: Path, own: Path) -> YamlFile:
    """Of two folders of policies, which may be the same; the merchant's need not have such a file. Raises FileError."""
    above = own / FILE
    return layered([shipped / FILE, *([above] if own != shipped and above.is_file() else [])])


class TermsLinks:
    """public_url: what stands before the path: `https://dunning.example.com`."""

    def __init__(self, public_url: str) -> None:
        self._before = public_url.rstrip("/") + PATH

    def link(self, version: str) -> str:
        """The address of the page of one version."""
        return self._before + version
