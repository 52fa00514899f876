"""Records from a stream that stays open: each is there as soon as its last line has come."""

import json
from collections.abc import Iterator

from service.records import Record, read_records


class RecordStream:
    """Takes lines, and gives records when they are complete.

    One object per line, objects over several lines that begin and end at the margin (as Stripe prints them), or, when
    the stream begins with `[`, one array, which is complete when the stream ends. A line that begins a new object
    ends one that was never finished: that one is malformed, and hides no other.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []  # of the record that is not complete yet
        self._seen = 0
        self._whole = False  # an array

    def take(self, line: str) -> Iterator[Record]:
        """The records that this line completes. Its end may be part of it or not."""
        line = line.removesuffix("\n").removesuffix("\r")
        if self._seen == 0:
            line = line.removeprefix("\ufeff")
        if line.startswith("{") and self._lines and not self._whole:
            yield from self.end()
        self._seen += 1
        if not self._lines and not line.strip():
            return
        self._whole = self._whole or (not self._lines and line.lstrip().startswith("["))
        self._lines.append(line)
        if not self._whole and self._is_complete(line):
            yield from self.end()

    def end(self) -> Iterator[Record]:
        """What is left when nothing more comes."""
        lines, self._lines = self._lines, []
        before = self._seen - len(lines)
        for record in read_records("\n".join(lines)):
            yield record.model_copy(update={"line": record.line + before})

    def _is_complete(self, line: str) -> bool:
        if len(self._lines) > 1:
            return line.startswith("}")
        if not line.startswith("{"):
            return True  # of no object: whatever it is, it does not go on in the next line
        try:
            json.loads(line)
        except (ValueError, RecursionError):
            # The beginning of an object over several lines stands alone, or breaks off behind a comma.
            return not line.rstrip().endswith(("{", "[", ","))
        return True
