"""What in a text could lead to a person is taken out of it before the public sees it.

Found: telephone numbers, e-mail addresses (also those spelled "jane at example dot com"), links,
numbers of bank cards and social security, apartments, and licence plates that are named as such.
Names of people cannot be found reliably, nor can what a neighbour would recognise: a city that
must be sure keeps descriptions private.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from phonenumbers import Leniency, PhoneNumberMatcher, is_valid_number

RULES_VERSION = 1
"""Raise it with every change of the rules: `manage.py redact_descriptions` then does old texts."""

FEWEST_DIGITS = 10
"""A number of unknown validity that has so many digits is taken for a telephone number."""
MOST_CANDIDATES = 10_000
"""The library gives up after so many that are none; a text has at most 4,000 characters."""

_I = re.IGNORECASE
_AT = r"(?:\s?@\s?|\s?[(\[{<]\s?at\s?[)\]}>]\s?|\s+at\s+)"
_DOT = r"(?:\.|\s\.\s|\s?[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s?|\s+dot\s+)"
_ATOM = r"[^\s@<>()\[\],;:\"\\]"
_LABEL = r"[^\W_](?:[\w-]{0,62})"
E_MAIL = re.compile(
    rf"{_ATOM}{{1,64}}(?:\s+dot\s+{_ATOM}{{1,64}})?{_AT}(?!th(?:e|is|at)\b){_LABEL}(?:{_DOT}{_LABEL}){{1,8}}",
    _I,
)
LINK = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)[^\s\[\]]+", _I)
CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
SOCIAL_SECURITY = re.compile(
    r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)"
    r"|\b(?:ssn|social security)\W{0,3}(?:(?:number|no|is)\W{0,3}){0,2}"
    r"(?P<it>\d{3}\W?\d{2}\W?\d{4})(?!\d)",
    _I,
)
# The library wants its usual separators; people use others. North America's form only.
PHONE_WITH_ODD_SEPARATORS = re.compile(
    r"(?<!\d)(?:1[\W_]{0,3})?[2-9]\d{2}[\W_]{0,3}[2-9]\d{2}[\W_]{0,3}\d{4}(?!\d)"
)
# Seven digits: New York's house numbers (40-15 165 STREET) have so many as well.
LOCAL_PHONE = re.compile(
    r"(?<![\d-])[2-9]\d{2}[-.]\d{4}(?![\d-])"
    r"|\b(?:call|phone|tel|telephone|cell|mobile|text|fax)\W{1,3}(?:me\W|us\W|at\W|is\W|no\W|"
    r"number\W){0,3}\W?(?P<it>\d{3}\W?\d{4})(?!\d)",
    _I,
)
APARTMENT = re.compile(
    r"\b(?:apt|apmt|apartment|flat|unit)\b\.?\s?(?:no\b\.?|number\b|#)?[\s:-]{0,2}"
    r"(?:[a-z]{0,2}-?\d{1,5}-?[a-z]?\b|(?-i:[A-Z]|[b-hj-z])\b)",
    _I,
)
PLATE = re.compile(
    r"\bplates?\b\W{0,2}(?:(?:number|no|nr|is|was|reads)\b\W{0,3}|#\s?){0,3}(?P<it>"
    r"(?-i:(?:[A-Z]{2}[ -])?(?:[A-Z]{1,4}[ -]\d{1,5}[A-Z]?|\d{1,4}[ -][A-Z]{1,4}\d?))\b"
    r"|(?=\w*\d)(?=\w*[a-z])\w{2,8}(?:-\w{1,5})?\b|[a-z]{1,4}-\d{1,5}\b|\d{4,8}\b)",
    _I,
)

_NEVER_SHOWN = {"Cf", "Mn", "Me", "Cc"}
_PLAIN = {"_": "-", "*": "-", "\u3002": ".", "\n": " ", "\t": " ", "\r": " ", "\x0b": " "}
_TABLE = str.maketrans({ascii: plain for ascii, plain in _PLAIN.items() if ascii.isascii()})
_DIGIT = re.compile("[0-9]")
_SUSPICIOUS = re.compile(r"[\d@]|://|www\.|dot\b|\bat\b|\b(?:apt|apmt|apartment|flat|unit)\b", _I)

Finder = Callable[[str, str], Iterator[tuple[int, int]]]


def redact(text: str, country: str = "US") -> str:
    """The text with each thing that is found replaced by what it was, such as `[phone]`.

    `country` (ISO 3166) says how telephone numbers without a country code are written. Done again
    it changes nothing, and a text in which nothing is found comes back as it is.
    """
    while (redacted := _once(text, country)) != text:
        text = redacted
    return text


@dataclass(frozen=True)
class Plain:
    """A text as a reader sees it, in plain characters; `places` says where each stood."""

    text: str
    places: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Plain:
        """Digits and letters of every form become plain ones, invisible characters vanish."""
        if text.isascii() and text.isprintable():
            return cls(text.translate(_TABLE), range(len(text) + 1))
        characters: list[str] = []
        places: list[int] = []
        for place, character in enumerate(text):
            for plain in _plain(character):
                characters.append(plain)
                places.append(place)
        return cls("".join(characters), [*places, len(text)])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of the plain text stood."""
        return self.places[start], self.places[end - 1] + 1


def _plain(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isascii():
        return character if character.isprintable() else ""
    return "".join(map(_folded, unicodedata.normalize("NFKC", character)))


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category in _NEVER_SHOWN:
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    return " " if category.startswith("Z") else _PLAIN.get(character, character)


def _matches(pattern: re.Pattern[str]) -> Finder:
    """Finds each match; of one with a group `it`, that part alone."""
    has_part = "it" in pattern.groupindex

    def find(text: str, _: str) -> Iterator[tuple[int, int]]:
        for found in pattern.finditer(text):
            yield found.span("it" if has_part and found["it"] else 0)

    return find


def _cards(text: str, _: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in CARD.finditer(text) if _passes_luhn(found.group()))


def _passes_luhn(number: str) -> bool:
    """The check digit of bank cards (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _phones(text: str, country: str) -> Iterator[tuple[int, int]]:
    found = PhoneNumberMatcher(text, country, Leniency.POSSIBLE, MOST_CANDIDATES)
    for match in found:
        digits = sum(map(str.isdigit, match.raw_string))
        if digits >= FEWEST_DIGITS or is_valid_number(match.number):
            yield match.start, match.end


@dataclass(frozen=True)
class Rule:
    """What is looked for, and what is written in its place.

    A text with fewer digits, or without the sign (a plain search is much cheaper), has none.
    """

    replacement: str
    find: Finder
    fewest_digits: int = 0
    sign: re.Pattern[str] = re.compile("")

    def spans(self, text: str, digits: int, country: str) -> Iterator[tuple[int, int]]:
        """Where it is found in a plain text."""
        if digits < self.fewest_digits or not self.sign.search(text):
            return iter(())
        return self.find(text, country)


RULES = (
    Rule("[link]", _matches(LINK), sign=re.compile("://|www", _I)),
    Rule("[e-mail]", _matches(E_MAIL), sign=re.compile(rf"@|\bat\b[^.]*{_DOT}", _I)),
    Rule("[number]", _cards, fewest_digits=13),
    Rule("[number]", _matches(SOCIAL_SECURITY), fewest_digits=9),
    Rule("[plate]", _matches(PLATE), fewest_digits=1),
    Rule("[phone]", _phones, fewest_digits=6),
    Rule("[phone]", _matches(PHONE_WITH_ODD_SEPARATORS), fewest_digits=10),
    Rule("[phone]", _matches(LOCAL_PHONE), fewest_digits=7),
    Rule("[apartment]", _matches(APARTMENT)),
)
"""Where two overlap both go, under the name of the earlier one."""


def _once(text: str, country: str) -> str:
    if text.isascii() and not _SUSPICIOUS.search(text):
        return text
    plain = Plain.of(text)
    digits = len(_DIGIT.findall(plain.text))
    found = [
        (*plain.span(start, end), rank)
        for rank, rule in enumerate(RULES)
        for start, end in rule.spans(plain.text, digits, country)
    ]
    for start, end, rank in reversed(_merged(found)):
        text = text[:start] + RULES[rank].replacement + text[end:]
    return text


def _merged(spans: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Spans in order, overlapping ones as one."""
    merged: list[tuple[int, int, int]] = []
    for start, end, rank in sorted(spans):
        if merged and start < merged[-1][1]:
            before = merged.pop()
            merged.append((before[0], max(before[1], end), min(before[2], rank)))
        else:
            merged.append((start, end, rank))
    return merged
