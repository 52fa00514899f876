"""A JSON array that is broken somewhere, element by element: what is certain is read, and nothing is guessed.

Where an element ends that cannot be read follows, in this order, from its own brackets, from the file's having one
element a line, or from the rest's being well-formed up to the end of the text. Else nothing behind it is read.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")
_NEXT = re.compile(r"[ \t\n\r]*,[ \t\n\r]*(?=\{)")
# What a broken object may consist of if its brackets are to be counted: no quote is open and no backslash outside.
_PARTS = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]]|[\w\s:,.+-]+')
_LINE_ENDS = re.compile(r",[ \t\r]*\n")
_OPENS = {"}": "{", "]": "["}
_OVER = -1
_MOST_TRIES = 1000  # each may have to read the rest of the text


class Element(NamedTuple):
    """One element of the array, or what is wrong in its place."""

    start: int  # where it begins in the text
    data: Any = None
    problem: str = ""  # one sentence; of what could be read: none


class BrokenArray:
    """The array whose `[` stands at `begin`. `is_end` tells whether what follows its `]`, from a position on, is right.

    Iterating never raises.
    """

    def __init__(self, text: str, begin: int, decoder: json.JSONDecoder, is_end: Callable[[int], bool]) -> None:
        self._text, self._begin, self._decoder, self._is_end = text, begin, decoder, is_end

    def __iter__(self) -> Iterator[Element]:
        at: int | None = self._space(self._begin + 1)
        read, a_line_each = 0, True
        while at is not None and at != _OVER and self._end_of_array(at) is None:
            begin = at
            try:
                data, at = self._element(begin)
            except (ValueError, RecursionError) as error:
                at = self._after(self._by_brackets(begin))
                if at is None and read and a_line_each and self._begins_line(begin):
                    at = self._next_line(begin)
                left_out = ""
                if at is None:
                    at = self._by_rest(begin)
                    up_to = f"on, {read} before it were" if at is None else f"to {self._place(at)}"
                    left_out = f": nothing was read from {self._place(begin)} {up_to}"
                yield Element(begin, problem=f"{self._what(error)}{left_out}.")
            else:
                yield Element(begin, data)
                read += 1
                up_to_next = self._text[begin : at if at != _OVER else None].rstrip()
                a_line_each = a_line_each and self._begins_line(begin) and "\n" not in up_to_next

    def _element(self, at: int) -> tuple[Any, int]:
        """The element that begins here, and where the next one does. Raises what the decoder raises."""
        data, end = self._decoder.raw_decode(self._text, at)
        after = self._after(end)
        if after is None and self._is_a_line(at, end):
            after = self._space(end + 1)
        if after is None:
            raise json.JSONDecodeError("Expecting ',' and an object, or the array's end", self._text, self._space(end))
        return data, after

    def _space(self, at: int) -> int:
        return _SPACE.match(self._text, at).end()  # type: ignore[union-attr]  # it matches the empty string too

    def _end_of_array(self, at: int) -> int | None:
        return _OVER if self._text.startswith("]", at) and self._is_end(at + 1) else None

    def _after(self, end: int | None) -> int | None:
        """Where the next element begins behind one that ends at `end`; _OVER behind the last, None if neither is so.

        A record is an object: what has anything else behind it may be half of something.
        """
        if end is None:
            return None
        if follows := _NEXT.match(self._text, end):
            return follows.end()
        comma = _COMMA.match(self._text, end)
        return self._end_of_array(comma.end())  # type: ignore[union-attr]  # it matches the empty string too

    def _by_brackets(self, at: int) -> int | None:
        """The end of a broken object whose strings are closed and whose brackets fit each other."""
        if not self._text.startswith("{", at):
            return None
        open_ones: list[str] = []
        while part := _PARTS.match(self._text, at):
            at = part.end()
            if part[0] in "{[":
                open_ones.append(part[0])
            elif part[0] in _OPENS:
                if open_ones.pop() != _OPENS[part[0]]:
                    return None
                if not open_ones:
                    return at
        return None

    def _begins_line(self, at: int) -> bool:
        before = self._text[max(0, at - 200) : at].rstrip(" \t\r")
        return not before or before.endswith("\n")

    def _is_a_line(self, at: int, end: int) -> bool:
        return self._begins_line(at) and "\n" not in self._text[at:end] and bool(_LINE_ENDS.match(self._text, end))

    def _next_line(self, at: int) -> int | None:
        """The next line, where an element or the array's end has to stand."""
        end = self._text.find("\n", at)
        if end < 0:
            return None
        at = self._space(end)
        return at if self._text.startswith("{", at) else self._end_of_array(at)

    def _by_rest(self, at: int) -> int | None:
        """The first place from which on all is well-formed, if what is left out opens as many brackets as it closes.

        Such a place is never within a string: to the end of the text, the quotes would not add up.
        """
        tried: set[int] = set()
        tries = 0
        counted, balance = at, dict.fromkeys("{}[]", 0)
        for begins in _NEXT.finditer(self._text, at):
            for bracket in balance:
                balance[bracket] += self._text.count(bracket, counted, begins.start())
            counted = begins.start()
            if balance["{"] != balance["}"] or balance["["] != balance["]"]:
                continue
            if self._is_well_formed(begins.end(), tried):
                return begins.end()
            if (tries := tries + 1) == _MOST_TRIES:
                break
        return None

    def _is_well_formed(self, at: int, tried: set[int]) -> bool:
        """Whether nothing but elements follows up to the array's end. `tried`: places from which on it is not so."""
        while at not in tried:
            tried.add(at)
            try:
                _, at = self._element(at)
            except (ValueError, RecursionError):
                return False
            if at == _OVER:
                return True
        return False

    def _what(self, fault: ValueError | RecursionError) -> str:
        if isinstance(fault, json.JSONDecodeError):
            return f"It is not JSON ({fault.msg}, {self._place(fault.pos)})"
        return "It is nested too deeply to be a record"

    def _place(self, at: int) -> str:
        line_start = self._text.rfind("\n", 0, at) + 1
        return f"line {1 + self._text.count(chr(10), 0, at)} column {at - line_start + 1}"
