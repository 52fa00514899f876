"""`python -m tests.apidoc` writes docs/openapi.json and docs/api.md anew."""

import sys

from tests.apidoc.page import DESCRIPTION, PAGE, NoExample, as_file, described, page


def main() -> int:
    """Exit code 1, with a sentence, when a route has no example."""
    description = described()
    try:
        PAGE.write_text(page(description), encoding="utf-8")
    except NoExample as error:
        print(error, file=sys.stderr)
        return 1
    DESCRIPTION.write_text(as_file(description), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
