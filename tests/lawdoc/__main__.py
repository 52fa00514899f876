"""`python -m tests.lawdoc` writes docs/law.md anew."""

from tests.lawdoc.page import PAGE, page, shipped

PAGE.write_text(page(shipped()), encoding="utf-8")
