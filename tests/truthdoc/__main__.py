"""`python -m tests.truthdoc` writes docs/truth.md anew."""

from tests.truthdoc.page import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
