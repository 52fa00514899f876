"""docs/law.md is that of this release's tables, and marks what nobody has read."""

from tests.lawdoc.page import PAGE, page, shipped

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    assert page(shipped()) == TEXT, "it is not current: python -m tests.lawdoc"


def test_what_is_not_verified_is_marked() -> None:
    for rule in shipped().rules.values():
        for row in rule.rows:
            [line] = [line for line in TEXT.splitlines() if line.startswith(f"| `{row.rule}` ")]

            assert ("**not verified**" in line) is not row.verified or (row.verified and str(row.verified) in line)


def test_every_place_has_its_table() -> None:
    assert [code for code in sorted(shipped().places) if f"\n## {code}: " not in TEXT] == []
