"""The page that shows terms to whoever has its link: those in force, or a version that somebody agreed to."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from domain.brand import Brand
from domain.languages import chosen, wanted
from domain.terms import TermsText
from gateways.preference_page import Trouble
from gateways.terms_texts import TermsTexts


class TermsPage:
    """HTML. `brand` says where questions are answered."""

    def __init__(self, directories: Sequence[Path], brand: Brand, texts: TermsTexts) -> None:
        self._values = {"merchant": brand.name, "contact": brand.first_way}
        self._texts = texts
        environment = SandboxedEnvironment(
            loader=FileSystemLoader([*reversed(directories)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._layout = environment.get_template("terms.html.j2")

    def render(
        self,
        text: TermsText,
        version: str,
        since: date,
        language: str,
        others: Sequence[str],
        segment: str | None = None,
        *,
        in_force: bool,
    ) -> str:
        """`others`: the languages in which the version can be read as well; the words of one may be gone since.
        `segment`: whose terms were asked for; None: this version."""
        shown = language if language in self._texts.languages else self._texts.language
        return self._layout.render(
            **self._values,
            text=text,
            language=language,
            words=self._texts.page(shown),
            version=self._texts.version_line(shown, version, since),
            in_force=in_force,
            others=[
                (name, self._texts.name_of(name), _query(segment, name))
                for name in others
                if name in self._texts.languages
            ],
            problem="",
        )

    def render_trouble(self, trouble: Trouble, accepted: str) -> str:
        """`accepted`: the languages that the browser asks for (`Accept-Language`)."""
        names = (name for tag in wanted(accepted) if (name := chosen(tag, self._texts.languages)))
        language = next(names, self._texts.language)
        words = self._texts.page(language)
        problem = words.broken if trouble is Trouble.BROKEN else words.later
        return self._layout.render(**self._values, language=language, words=words, problem=problem)


def _query(segment: str | None, language: str) -> str:
    """By which the same is shown in another language."""
    return urlencode(({"segment": segment} if segment is not None else {}) | {"language": language})
