"""Letters in tests: a merchant with an address, and a customer with one."""

from datetime import date
from pathlib import Path
from shutil import copytree
from unicodedata import category, normalize

from domain.postal import PostalAddress
from runtime.settings import ROOT

A_DAY = date(2026, 2, 3)
"""On which a letter is written."""
AUSTIN = PostalAddress(line1="1 Main St", line2="Apt 2", postal_code="78701", city="Austin", state="TX", country="US")
BERLIN = PostalAddress(line1="Hauptstr. 1", postal_code="10115", city="Berlin", country="DE")
TOKYO = PostalAddress(line1="神宮前1-1", postal_code="150-0001", city="渋谷区", state="東京都", country="JP")
BANGKOK = PostalAddress(
    line1="99 ถนนพระราม 1", postal_code="10330", city="เขตปทุมวัน", state="กรุงเทพมหานคร", country="TH"
)

_NOT_COMPARED = {"Zs", "Cc", "Mn"}


def printed(text: str) -> str:
    """What is compared of a printed text: lines break and signs join as the page has room, and the marks above and
    below Thai letters are read back in another order."""
    return "".join(sign for sign in normalize("NFKC", text) if category(sign) not in _NOT_COMPARED)


def policies_with_a_sender(folder: Path) -> str:
    """The policies of the release with a brand that letters can name."""
    if (folder / "brand.yaml").is_file():
        return str(folder)
    copytree(ROOT / "policies", folder, dirs_exist_ok=True)
    said = "\npostal_address: [Nimbus GmbH, Wolkenweg 7, 10115 Berlin]\ncountry: DE\n"
    brand = folder / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8") + said, encoding="utf-8")
    return str(folder)
