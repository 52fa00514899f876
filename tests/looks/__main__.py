"""How every e-mail looks, in every language, narrow and wide, light and dark.

python -m tests.looks             # pictures into var/looks, and what differs from the approved ones
python -m tests.looks --approve   # look at them first: they become the approved ones
"""

import sys

from runtime.leaving import leave
from runtime.settings import ROOT
from tests.looks.approved import approve, look
from tests.looks.browser import CHROMIUM
from tests.looks.sheets import SCHEMES, sheets

_SEEN = ROOT / "var/looks"


def main() -> int:
    """1: something looks otherwise than it was approved; 2: there is no Chromium."""
    if not CHROMIUM:
        print("There is no Chromium on this machine: install it (Debian: apt-get install chromium).", file=sys.stderr)
        return 2
    if "--approve" in sys.argv[1:]:
        print(f"Approved: {approve(sheets()) // 1024} KiB of pictures in tests/looks/approved.")
        return 0
    _SEEN.mkdir(parents=True, exist_ok=True)
    bad = 0
    for sheet in sheets():
        for scheme in SCHEMES:
            found = look(sheet, scheme)
            (_SEEN / f"{found.name}.png").write_bytes(found.png)
            said = "not approved yet" if found.differs is None else f"{found.differs:.2%} differs"
            print(f"{'ok ' if found.good else 'NEW'} {found.name}: {said}")
            bad += not found.good
    print(f"The pictures are in {_SEEN}")
    return int(bad > 0)


if __name__ == "__main__":
    leave(main())
