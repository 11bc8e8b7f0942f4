"""What could lead to a person does not survive redaction, and nothing else is changed."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from complaints import redaction
from complaints.redaction import Plain, redact

EXAMPLES = [
    ("Call 212-555-0142 after six.", "Call [phone] after six."),
    ("Call (212) 555 0142 ext. 12!", "Call [phone]!"),
    ("+44 20 7946 0958", "[phone]"),
    ("x2125550142y", "x[phone]y"),
    ("2 1 2 5 5 5 0 1 4 2", "[phone]"),
    ("(212)(555)(0142)", "([phone])"),
    ("212,555,0142 or 212_555_0143", "[phone] or [phone]"),
    ("call 555-0100", "call [phone]"),
    ("cell: 555 0100", "cell: [phone]"),
    ("٢١٢-٥٥٥-٠١٤٢", "[phone]"),
    ("２１２．５５５．０１４２", "[phone]"),
    ("212\u200b555\u200b0142", "[phone]"),
    ("2\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e3 555 0142", "[phone]"),
    ("212–555—0142", "[phone]"),
    ("Write to jane.doe+311@example.co.uk.", "Write to [e-mail]."),
    ("jane at example dot com", "[e-mail]"),
    ("jane (at) example (dot) com", "[e-mail]"),
    ("jane[at]example.com", "[e-mail]"),
    ("jane @ example . com", "[e-mail]"),
    ("JANE＠EXAMPLE。COM", "[e-mail]"),
    ("ja\u00adne@exam\u200dple.com", "[e-mail]"),
    ("jane dot doe at gmail.com", "[e-mail]"),
    ("see https://example.org/p?token=abc#x now", "see [link] now"),
    ("see www.example.org/jane", "see [link]"),
    ("my card 4111 1111 1111 1111 was seen", "my card [number] was seen"),
    ("SSN 078-05-1120", "SSN [number]"),
    ("ssn is 078051120", "ssn is [number]"),
    ("12 Main St, Apt 4B, rear", "12 Main St, [apartment], rear"),
    ("apartment #12 and unit C", "[apartment] and [apartment]"),
    ("blue van, license plate ABC-1234", "blue van, license plate [plate]"),
    ("plate number: NY HTX 4821 parked", "plate number: [plate] parked"),
    ("plates abc1234", "plates [plate]"),
]
HARMLESS = [
    "",
    "Loud music since 11 pm, third time this week.",
    "143-21 41 AVENUE",
    "40-15 165 STREET",
    "1 EXAMPLE STREET, 11354-1234",
    "From 2019-07-10 12:00 to 07/11/2019 10:30",
    "Order 4111 1111 1111",
    "Look at the dot on the wall",
    "meet @ the park. Tomorrow",
    "The apartment is cold; an apartment a mess; flat tire, unit broken",
    "the plate is missing since 2019, a plate was seen at 5 pm",
    "café ✓ 日本 ½ 3³",
    "two\nlines\twith\x00control",
    "$250 and 300 dollars, 50 %",
    "[phone] [e-mail] [link] [number] [apartment] [plate]",
]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_it_replaces_what_leads_to_a_person(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_it_leaves_other_text_alone(text: str) -> None:
    assert redact(text) == text


def test_numbers_are_read_as_the_country_writes_them() -> None:
    assert redact("020 7946 0958", "GB") == "[phone]"
    assert redact("030 901820", "DE") == "[phone]"
    assert redact("030 901820", "US") == "030 901820"


invisible = st.sampled_from(["", "", "", "\u200b", "\u2060", "\ufeff", "\u00ad", "\ufe0f"])
separators = st.sampled_from(["", " ", "-", ".", "/", " - ", "\u00a0", "–", "·", ") ", "_", ","])
zeros = st.sampled_from([ord("0"), 0x660, 0x966, 0xFF10, 0x1D7CE])
# Neither digits nor letters nor a sign that belongs to an address: those would change what the
# thing in the middle is.
around = st.text(st.characters(exclude_categories=["N", "L", "M", "C", "P", "S"]) | st.just("\n"))
words = st.lists(st.from_regex(r"[a-zé]{1,8}", fullmatch=True), max_size=5).map(" ".join)
between = st.builds(lambda left, word, right: f"{left} {word} {right}", around, words, around)


@st.composite
def phones(draw: st.DrawFn) -> tuple[str, str]:
    """Ten digits of a valid North American number, and one of many ways to write them."""
    area = draw(st.sampled_from(["212", "347", "415", "646", "718", "917", "929"]))
    exchange = draw(st.from_regex(r"[2-9][0-9]{2}", fullmatch=True))
    line = draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    zero, first, second = draw(zeros), draw(separators), draw(separators)
    written = draw(st.sampled_from(["", "1", "+1 ", "1-", "(", "tel:"])) + first.join((area, ""))
    written += exchange + second + line
    plain = area + exchange + line
    shown = "".join(
        (chr(zero + int(character)) if character.isascii() and character.isdigit() else character)
        + draw(invisible)
        for character in written
    )
    return plain, shown


@st.composite
def e_mails(draw: st.DrawFn) -> tuple[str, str]:
    """An address, and one of many ways to write it."""
    address = draw(st.emails())
    name, _, domain = address.rpartition("@")
    at = draw(st.sampled_from(["@", "@", " @ ", "＠", "(at)", " [at] ", " at "]))
    dot = draw(st.sampled_from([".", ".", "。", " (dot) ", "[dot]", " dot "]))
    written = name + at + domain.replace(".", dot)
    return address, "".join(character + draw(invisible) for character in written)


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, Plain.of(text).text))


@given(between, phones(), between)
@settings(max_examples=400, deadline=None)
@example("", ("2125550142", "212/555/0142"), " 5")
def test_no_telephone_number_survives(before: str, phone: tuple[str, str], after: str) -> None:
    plain, shown = phone
    assert plain not in digits_of(redact(before + shown + after))


@given(between, e_mails(), between)
@settings(max_examples=400, deadline=None)
def test_no_e_mail_address_survives(before: str, address: tuple[str, str], after: str) -> None:
    plain, shown = address
    redacted = Plain.of(redact(f"{before} {shown} {after}")).text
    domain = Plain.of(plain).text.rpartition("@")[2]
    undone = re.sub(r"\s?[(\[]?\bdot\b[)\]]?\s?", ".", redacted)
    assert domain.lower() not in undone.lower().split()
    assert "@" not in redacted


@pytest.mark.parametrize(
    ("name", "thing"), [("[phone]", "212-555-0142"), ("[e-mail]", "jane@example.com")]
)
def test_without_its_rule_it_would_survive(
    monkeypatch: pytest.MonkeyPatch, name: str, thing: str
) -> None:
    rules = tuple(rule for rule in redaction.RULES if rule.replacement != name)
    monkeypatch.setattr(redaction, "RULES", rules)
    assert redact(thing) == thing


@given(st.text(max_size=300) | between.flatmap(lambda text: phones().map(lambda it: text + it[1])))
@settings(max_examples=400, deadline=None)
@example("a@b.c@d.e")
@example("1234567890 " * 9)
def test_redacting_twice_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(st.lists(words | st.integers(0, 999).map(str), max_size=3).map(", ".join))
@settings(max_examples=300, deadline=None)
def test_text_without_such_a_thing_is_unchanged(text: str) -> None:
    if re.search(r"\b(at|dot|apt|apmt|apartment|flat|unit|plates?)\b", text):
        text = ""
    assert redact(text) == text


@given(st.text(max_size=100))
def test_plain_text_is_as_long_as_its_places(text: str) -> None:
    plain = Plain.of(text)
    assert len(plain.places) == len(plain.text) + 1
    assert list(plain.places) == sorted(plain.places)
    assert unicodedata.normalize("NFKC", text) or not plain.text
