"""docs/truth.md is what the messages of this release say, state by state."""

from tests.truthdoc.page import PAGE, page
from tests.truthdoc.states import states


def test_the_page_is_current() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "it is not current: python -m tests.truthdoc"


def test_every_state_is_there_once_and_each_says_something_or_why_nothing_is_said() -> None:
    *sections, over = page().split("\n## ")[1:]

    assert over.startswith("Once it is over\n")
    assert [state.name for state in states()] == [section.splitlines()[0] for section in sections]
    assert [] == [one for one in sections if "| friendly |" not in one and "Nothing is said: " not in one]
