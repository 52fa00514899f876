"""Contact sheets: every e-mail of a language, narrow and wide, on one page."""

from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from typing import NamedTuple

from domain.steps import Channel
from runtime.previewing import preview
from runtime.settings import Settings
from service.sample_customers import sample

SETTINGS = Settings(merchant_name="Acme Cloud", merchant_contact="help@acme.example")
OPENED = datetime(2030, 4, 1, 12, tzinfo=UTC)
SCHEMES = ("light", "dark")
WIDTHS = (320, 600)
_SCALE = 0.3
"""Small enough for a repository, large enough to see a layout that broke."""
_LIVES = (("standard", "expired_card"), ("standard", "insufficient_funds"), ("sent-invoices", None))
_GAP, _HEIGHT, _IN_A_ROW = 16, 1900, 5
_PAGE = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
  html {{ overflow: hidden; background: #888 }}
  body {{ width: max-content; margin: 0; padding: {gap}px; transform: scale({scale}); transform-origin: 0 0;
    display: grid; grid-template-columns: repeat({columns}, max-content); gap: {gap}px }}
  iframe {{ border: 0; height: {height}px; background: #fff }}
</style>
{frames}"""


class Sheet(NamedTuple):
    """All of one language."""

    language: str
    page: str
    size: tuple[int, int]  # of the window, in pixels

    @property
    def digest(self) -> str:
        """The same page looks the same on the same machine."""
        return sha256(self.page.encode()).hexdigest()[:16]


def sheets() -> list[Sheet]:
    """One of each language that there are words for."""
    return [sheet(language) for language in PREVIEW.languages]


def sheet(language: str) -> Sheet:
    """Every wording once, of a card that expired, of one without money, and of an invoice that was sent."""
    mails = _mails(language)
    frames = [f'<iframe width="{width}" srcdoc="{escape(mail)}"></iframe>' for mail in mails for width in WIDTHS]
    rows = -(-len(mails) // _IN_A_ROW)
    page = _PAGE.format(gap=_GAP, scale=_SCALE, height=_HEIGHT, columns=2 * _IN_A_ROW, frames="".join(frames))
    width, height = _IN_A_ROW * (sum(WIDTHS) + 2 * _GAP) + _GAP, rows * (_HEIGHT + _GAP) + _GAP
    return Sheet(language, page, (round(width * _SCALE), round(height * _SCALE)))


PREVIEW = preview(SETTINGS)


def _mails(language: str) -> list[str]:
    customer = sample(language)
    lives = [
        each
        for policy, code in _LIVES
        for each in PREVIEW.conversations(PREVIEW.policy(policy, customer), customer, OPENED, code)
    ]
    told = [told.sent for each in lives for told in each.messages]
    mails = [form.rendered.html for form in told if form.channel is Channel.EMAIL and form.rendered]
    return [*dict.fromkeys(mails)]
