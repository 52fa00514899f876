"""Where a rule comes from."""

from datetime import date

from pydantic import Field

from domain.base import Frozen


class Origin(Frozen):
    """Where a rule comes from and how sure it is."""

    source: str = Field(min_length=1)
    url: str = ""
    edition: date  # of the source, or when it was read
    conf: str = Field(pattern="^(R1|R2|M)$")  # R1 read in the primary text, R2 in a secondary one, M not re-read
    verified: bool
    region: str = "any"

    def __str__(self) -> str:
        return f"{self.source}, {self.edition.isoformat()}, {self.conf}{'' if self.verified else ', not verified'}"
