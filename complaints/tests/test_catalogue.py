import pytest

from complaints.catalogue import Catalogue, UnknownType
from complaints.models import City
from complaints.tests.factories import make_agency, make_city, make_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue() -> Catalogue:
    city: City = make_city()
    hpd, dob = make_agency(code="HPD"), make_agency(code="DOB")
    make_type(code="noise-street", name="Noise - Street/Sidewalk", aliases=["noise street"])
    make_type(code="plumbing", name="Plumbing", agency=dob)
    make_type(code="plumbing-hpd", name="PLUMBING", agency=hpd)
    make_type(code="gone", name="Gone", is_active=False)
    return Catalogue.of(city)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("noise-street", "noise-street"),
        ("NOISE-STREET", "noise-street"),
        ("Noise - Street/Sidewalk", "noise-street"),
        ("noise - street/sidewalk", "noise-street"),
        ("Noise Street", "noise-street"),
        ("noise_street", "noise-street"),
        ("  noise-street ", "noise-street"),
        ("Plumbing", "plumbing"),
        ("PLUMBING", "plumbing-hpd"),
        ("plumbing", "plumbing"),
    ],
)
def test_it_finds_a_type_by_whatever_people_call_it(
    catalogue: Catalogue, text: str, code: str
) -> None:
    assert catalogue.find(text).code == code


def test_it_suggests_the_nearest_for_a_misspelt_name(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownType, match="the nearest are plumbing") as caught:
        catalogue.find("plumbin")
    assert caught.value.nearest[0] == "plumbing"


@pytest.mark.parametrize("text", ["", "  ", "\x00", "zzzzzz", "x" * 5000, "gone"])
def test_it_refuses_what_is_no_active_type(catalogue: Catalogue, text: str) -> None:
    with pytest.raises(UnknownType, match="expected the code or name") as caught:
        catalogue.find(text)
    assert len(str(caught.value)) < 500
