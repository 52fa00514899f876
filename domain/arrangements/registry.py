"""Arrangements with the customer: promise to pay, extension, payment plan, hardship. One file each, one line here.

None exists yet. An arrangement is a source of steps (`domain/sources.py`) that names the holds that it survives.
"""

from domain.source import Source

ARRANGEMENTS: list[Source] = []
