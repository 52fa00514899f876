"""What is printed, and where it is put."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from domain.postal import PostalAddress
from gateways.letter_press import LetterPress
from gateways.letter_senders import LetterFolder
from gateways.ports.messages import Address, Letter, Listed, Rendered
from gateways.ports.trouble import ProviderMisuse, Unreachable
from gateways.postal import address_lines, stated_address
from runtime.settings import SHIPPED
from tests.letters import AUSTIN

PRESS = LetterPress([SHIPPED / "messages"])
TO = Address(customer_id="cus_1", name="Ada", postal_address=AUSTIN.text)


def a_letter(**said: object) -> Letter:
    given = {
        "paper": "a4",
        "language": "en",
        "direction": "ltr",
        "sender": ("Acme", "1 Sky Road"),
        "recipient": ("Ada", "1 Main St"),
        "date": "1 May",
        "subject": "Invoice A-1",
        "greeting": "Hello,",
        "paragraphs": ("Please pay.",),
        "rows": (("Invoice", "A-1"), ("Due", "$5")),
        "lists": (Listed(intro="Also:", rows=(("A-2", "$6"),)),),
        "code": "Scan:",
        "link": "https://pay.example/p/abcdefghij",
        "transfer": "Or transfer:",
        "bank": ("IBAN 1",),
        "closing": "Thanks.",
        "help": "Questions?",
        "ways": ("help@acme.example",),
        "regards": "Regards,",
        "merchant": "Acme",
        "foot": ("Who writes",),
    }
    return Letter.model_validate(given | said)


def read(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_the_same_letter_is_the_same_bytes() -> None:
    first, again = (LetterPress([SHIPPED / "messages"]).printed(a_letter()).pdf for _ in range(2))

    assert first == again
    assert first != PRESS.printed(a_letter(date="2 May")).pdf
    assert b"CreationDate" not in first


def test_what_a_customer_wrote_is_text_and_no_markup() -> None:
    nasty = '#panic() $x$ \\ "q" *b* _i_ <label> @ref `raw` // end [ ] = 1'

    [page] = read(PRESS.printed(a_letter(recipient=(nasty,), paragraphs=(nasty,), subject=nasty)).pdf)

    assert 3 == "".join(page.split()).count("".join(nasty.split()))


def test_all_that_a_letter_says_is_on_paper() -> None:
    letter = a_letter()

    [page] = read(PRESS.printed(letter).pdf)

    assert all("".join(part.split()) in "".join(page.split()) for part in letter.text.replace(": ", "\n").split("\n"))


def test_a_long_letter_has_numbered_pages() -> None:
    printed = PRESS.printed(a_letter(paragraphs=("word " * 900, "word " * 900)))

    pages = read(printed.pdf)
    assert printed.pages == len(pages) > 1
    assert all(f"{number} / {printed.pages}" in page for number, page in enumerate(pages, start=1))


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("us-letter", (612, 792))])
def test_paper_is_that_of_the_country(paper: str, size: tuple[int, int]) -> None:
    [page] = PdfReader(BytesIO(PRESS.printed(a_letter(paper=paper)).pdf)).pages

    assert size == (round(page.mediabox.width), round(page.mediabox.height))


def test_a_sign_that_no_font_has_is_no_empty_box() -> None:
    with pytest.raises(Unreachable, match="U\\+182E"):
        PRESS.printed(a_letter(greeting="ᠮ"))


def test_a_merchants_own_layout_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "letter.typ").write_text("#json(bytes(sys.inputs.letter)).subject #metadata(1) <pages>", "utf-8")

    assert ["Invoice A-1"] == read(LetterPress([SHIPPED / "messages", tmp_path]).printed(a_letter()).pdf)


def test_a_layout_that_is_wrong_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "letter.typ").write_text("#nothing_known", "utf-8")

    with pytest.raises(ProviderMisuse, match=r"letter\.typ.*nothing_known"):
        LetterPress([tmp_path]).printed(a_letter())


def test_a_letter_is_in_the_folder_once_also_when_it_was_taken_away(tmp_path: Path) -> None:
    folder, message = LetterFolder(PRESS, tmp_path), Rendered(text="", letter=a_letter())
    before = folder.find(TO, message, "dun:in_1:day3", datetime.now(UTC))
    folder.send(TO, message, "dun:in_1:day3")
    for file in [*tmp_path.glob("dun*")]:
        file.unlink()

    found = folder.find(TO, message, "dun:in_1:day3", datetime.now(UTC))
    again = folder.send(TO, message, "dun:in_1:day3")

    assert (None, again) == (before, found)
    assert [] == [*tmp_path.glob("dun*")]


@pytest.mark.parametrize("step", range(4))
def test_a_crash_at_any_moment_makes_no_second_letter_of_a_folder_that_is_emptied_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Between the letter's JSON and its mark, it was printed twice."""
    folder, message, taken = LetterFolder(PRESS, tmp_path), Rendered(text="", letter=a_letter()), list[str]()
    whole, done = os.replace, list[str]()

    def printer() -> None:
        for file in tmp_path.glob("dun*.json"):
            taken.append(file.name)
            file.unlink()

    def dies(source: str, target: str) -> None:
        if len(done) == step:
            raise SystemExit
        whole(source, target)
        done.append(target)
        printer()

    with monkeypatch.context() as crashing:
        crashing.setattr(os, "replace", dies)
        with suppress(SystemExit):
            folder.send(TO, message, "dun:in_1:day3")
    folder.send(TO, message, "dun:in_1:day3")
    printer()

    assert ["dun:in_1:day3.json"] == taken


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (("Hauptstr. 1", None, "10115", "Berlin", None, "DE"), ("Ada", "Hauptstr. 1", "10115 Berlin")),
        (("Hauptstr. 1", None, "n/a", "Berlin", None, "DE"), None),
        (("Hauptstr. 1", None, None, "Berlin", None, "DE"), None),
        ((None, None, "10115", "Berlin", None, "DE"), None),
        (("Hauptstr. 1", None, "10115", "Berlin", None, None), None),
        (("1 Main St", "Apt 2", "78701", "Austin", None, "US"), None),
        (
            ("1 Main St", "Apt 2", "78701", "Austin", "TX", "US"),
            ("Ada", "1 Main St", "Apt 2", "AUSTIN, TX 78701", "UNITED STATES"),
        ),
        (("Gran Via 1", "", "28013", "Madrid", "", "Spain"), ("Ada", "Gran Via 1", "28013 MADRID", "SPAIN")),
        (("Tower 1", "", "", "Dubai", "", "AE"), ("Ada", "Tower 1", "DUBAI", "UNITED ARAB EMIRATES")),
        (
            ("神宮前1-1", None, "150-0001", "渋谷区", "東京都", "JP"),
            ("〒150-0001", "東京都", "渋谷区神宮前1-1", "Ada 様", "JAPAN"),
        ),
        (
            ("1 High St", None, "sw1a 2aa", "London", None, " uk "),
            ("Ada", "1 High St", "LONDON", "SW1A 2AA", "UNITED KINGDOM"),
        ),
        (("Hauptstr. 1", None, "10115", "Berlin", None, "Deutschland"), ("Ada", "Hauptstr. 1", "10115 Berlin")),
        (("Rr. 1", None, None, "Prishtina", None, "XK"), ("Ada", "Rr. 1", "PRISHTINA", "KOSOVO")),
        (("1 Main\nSt", None, "10115", "Berlin", None, "DE"), ("Ada", "1 Main St", "10115 Berlin")),
    ],
)
def test_an_address_is_written_as_its_country_does(
    given: tuple[str | None, ...], lines: tuple[str, ...] | None
) -> None:
    text = stated_address(*given)
    known = PostalAddress.read(text)

    assert lines == (address_lines("Ada", known, "DE") if known else None)
