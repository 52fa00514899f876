"""E-mails look as somebody has approved, where this machine has a Chromium to see it; the fonts are always the same.

A page that is made of the same text looks the same: a picture is made of the first that is not, or of one in any case.
"""

import pytest

from tests.looks.approved import FOLDER, Approved, look
from tests.looks.browser import CHROMIUM, difference, picture, small
from tests.looks.sheets import PREVIEW, SCHEMES, WIDTHS, sheet, sheets

_MOST = 6_000_000
_ALWAYS = "en"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="pictures need Chromium, which this machine has not")


def test_a_sheet_has_every_email_narrow_and_wide_and_asks_no_network() -> None:
    """For each stage that a policy writes: the request, and the four tones, of charged and of sent invoices."""
    page = sheet(_ALWAYS).page

    assert {page.count(f'<iframe width="{width}"') for width in WIDTHS} == {page.count("<iframe") // len(WIDTHS)}
    assert page.count("<iframe") // len(WIDTHS) >= 14
    assert "default-src 'none'" in page


def test_approved_pictures_are_complete_and_small() -> None:
    """Each language in both colour schemes."""
    names = {f"{language}-{scheme}.webp" for language in PREVIEW.languages for scheme in SCHEMES}

    assert set(Approved.read().digests) == set(PREVIEW.languages)
    assert names == {file.name for file in FOLDER.glob("*.webp")}
    assert sum(file.stat().st_size for file in FOLDER.glob("*")) < _MOST


@needs_chromium
def test_emails_look_as_they_were_approved() -> None:
    # A layout that breaks does so in all of them; `make looks` takes the time to see each.
    changed = [*Approved.read().differ(sheets()), sheet(_ALWAYS)][0]
    found = [look(changed, scheme) for scheme in SCHEMES]

    assert [] == [(each.name, each.differs) for each in found if not each.good], "make looks shows them"


@needs_chromium
def test_a_picture_that_changed_is_noticed() -> None:
    """A button of another colour is."""
    plain = '<!doctype html><body style="margin: 0"><p style="background: {}; width: 60px; height: 20px">Pay'
    shown = small([picture(plain.format(colour), "light", (600, 400)) for colour in ("#1d4ed8", "#800")])

    assert 0.003 < difference(*shown) < 0.02
