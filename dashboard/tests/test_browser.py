"""The pages in a real browser: what they show, what they ask, and that nothing is blocked."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from complaints.models import Complaint
from complaints.tests.factories import (
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from dashboard.outlines import read_boundaries
from dashboard.selection import midnight
from dashboard.tests.conftest import Watched
from dashboard.tests.promises import counted, monday
from dashboard.tests.tile_server import tile_server
from predictions.tests.small_model import activate_small_model
from smart311.tiles import tile_sources

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DARK_PAPER = "rgb(14, 21, 30)"
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}


@pytest.fixture(autouse=True)
def _complaints() -> None:
    """Two types in two boroughs over ten days up to now; hexagons enough for an outline."""
    now = timezone.now() - timedelta(minutes=5)
    areas = [
        make_district("queens", name="Queens", kind="borough"),
        make_district("bronx", name="Bronx", kind="borough"),
    ]
    kinds = [make_type(), make_type("rodent", agency=make_agency("DOHMH"))]
    for number in range(40):
        make_complaint(
            complaint_type=kinds[number % 4 == 3],
            created_at=now - timedelta(hours=6 * number),
            closed_after_hours=number / 2 + 0.5 if number % 5 and number > 3 else None,
            district=areas[number % 2],
            latitude=40.70 + 0.02 * (number % 7) + 0.1 * (number % 2),
            longitude=-73.85 + 0.02 * (number % 3),
            address=f"{number % 6} MAIN STREET",
            channel=("phone", "online")[number % 2],
        )
    counted(monday(), early=10, kept=80, late=10)
    read_boundaries.cache_clear()


@pytest.fixture
def watched(
    chromium: Browser, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    """A fresh page that must stay quiet; `indirect` parameters go to the browser context."""
    options: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(reduced_motion="reduce", **options)
    seen = Watched(context.new_page(), live_server.url)
    yield seen
    context.close()
    assert seen.console_errors == []
    assert seen.outside_requests == []


def with_options(**options: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("watched", [options], indirect=True, ids=[", ".join(options)])


def value(page: Page, card: str) -> Any:
    """The number on a card."""
    return page.locator(f'[data-card="{card}"] [data-part="value"]')


def inside_a_hexagon(page: Page) -> list[float]:
    """Where on the screen a hexagon of the map is coloured."""
    page.locator("#map-canvas").scroll_into_view_if_needed()
    spot: list[float] = page.evaluate(COLOURED_SPOT)
    return spot


COLOURED_SPOT = """() => {
    const canvas = document.querySelector("#map-canvas canvas");
    const {left, top, width, height} = canvas.getBoundingClientRect();
    const pixels = canvas.getContext("2d");
    const alpha = (x, y) => pixels.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3];
    for (let y = 0.25; y < 0.75; y += 0.01) for (let x = 0.25; x < 0.75; x += 0.01) {
        if (alpha(x, y) > 150 && alpha(x + 0.005, y + 0.005) > 150)
            return [left + x * width, top + y * height];
    }
}"""


def serious_violations(page: Page) -> list[str]:
    """What axe-core finds that keeps people out; its policy-free build is run in the page."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


@with_options(java_script_enabled=False)
def test_the_numbers_and_the_filter_need_no_script(watched: Watched) -> None:
    page = watched.visit()
    expect(value(page, "filed")).to_have_text("40")
    page.get_by_role("link", name="7 days").click()
    first = make_city().localise(timezone.now()).date() - timedelta(days=6)
    week = Complaint.objects.filed_since(midnight(first, make_city()))
    expect(value(page, "filed")).to_have_text(str(week.count()))
    page.locator("#pick-complaint_type").click()
    page.get_by_role("checkbox", name="Rodent").check()
    page.locator('[data-picker="complaint_type"]').get_by_role("button", name="Apply").click()
    rodents = week.filter(complaint_type__code="rodent").count()
    expect(value(page, "filed")).to_have_text(str(rodents))
    assert "complaint_type=rodent" in page.url
    assert "range=7d" in page.url


def test_a_visitor_narrows_looks_behind_a_number_and_goes_back(watched: Watched) -> None:
    page = watched.visit()
    expect(value(page, "filed")).to_have_text("40")
    for chart in ("flow", "histogram", "boxes", "heat"):
        expect(page.locator(f"#{chart} canvas").first).to_be_visible()
    page.locator("#types").get_by_role("link", name="Rodent").click()
    expect(value(page, "filed")).to_have_text("10")
    assert page.url.endswith("?complaint_type=rodent")
    for picker, choice, left in (("district", "Bronx", "10"), ("channel", "Online", "10")):
        page.locator(f"#pick-{picker}").click()
        page.locator(f'[data-picker="{picker}"]').get_by_label(choice).check()
        page.locator(f'[data-picker="{picker}"]').get_by_role("button", name="Apply").click()
        expect(page.locator(".chips")).to_contain_text(choice)
        expect(value(page, "filed")).to_have_text(left)
    page.locator("#pick-status").click()
    page.locator('[data-picker="status"]').get_by_label("Closed").check()
    page.locator('[data-picker="status"]').get_by_role("button", name="Apply").click()
    expect(value(page, "filed")).to_have_text("7")
    page.go_back()
    expect(value(page, "filed")).to_have_text("10")
    page.get_by_role("link", name="Reset").first.click()
    expect(value(page, "filed")).to_have_text("40")
    page.locator("#rows").get_by_role("link", name="Older").click()
    expect(page.locator("#rows tbody tr")).to_have_count(15)
    page.locator("#rows tbody a").first.click()
    expect(page.locator(".timeline")).to_contain_text("Filed")
    expect(page.locator("#point-map canvas")).to_be_visible()


def test_the_map_tells_an_area_on_hover_and_narrows_on_click(watched: Watched) -> None:
    page = watched.visit()
    page.wait_for_selector("#map-canvas[data-ready]")
    assert int(page.locator("#map-canvas").get_attribute("data-ready") or 0) > 5
    expect(page.locator(".legend li")).not_to_have_count(0)
    page.mouse.move(*inside_a_hexagon(page))
    tooltip = page.locator(".leaflet-tooltip")
    expect(tooltip).to_contain_text(re.compile("Queens|Bronx"))
    expect(tooltip).to_contain_text(re.compile(r"Opened: \d+"))
    page.get_by_role("button", name="Half within").click()
    expect(page.locator(".legend")).to_contain_text(re.compile("min|h"))
    page.get_by_role("button", name="Share late").click()
    expect(page.locator(".legend")).to_contain_text("nobody knows which are late")
    page.locator("#map summary").click()
    expect(page.locator("#map tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Opened", exact=True).click()
    page.mouse.click(*inside_a_hexagon(page))
    expect(page.locator(".chips")).to_contain_text("Hexagon")


HATCHED = """() => [...document.querySelectorAll("[data-chart]")].filter((element) =>
    echarts.getInstanceByDom(element)?.getZr().storage.getDisplayList()
        .some((shape) => shape.style?.decal)).map((element) => element.dataset.name)"""


def test_tiles_come_from_the_host_that_the_city_named_and_from_no_other(
    watched: Watched, settings: Settings
) -> None:
    public_id = Complaint.objects.order_by("created_at").values_list("public_id", flat=True)[0]
    with tile_server() as named, tile_server() as other:
        page = watched.visit()
        page.wait_for_selector("#map-canvas[data-ready]")
        assert page.locator("img.leaflet-tile").count() == 0
        assert watched.outside_requests == []
        settings.MAP_TILE_URL = f"{named.address}/{{z}}/{{x}}/{{y}}.png"
        settings.MAP_TILE_ATTRIBUTION = '© <a href="/docs">Painters</a>'
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        images = [*directives["img-src"], *tile_sources(settings.MAP_TILE_URL)]
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**directives, "img-src": images}}
        for path, canvas in (("", "#map-canvas"), (f"complaints/{public_id}", "#point-map")):
            page = watched.visit(f"/dashboard/{path}")
            expect(page.locator(f"{canvas} img.leaflet-tile-loaded").first).to_be_visible()
            expect(page.locator(canvas).get_by_role("link", name="Painters")).to_be_visible()
        assert all(re.fullmatch(r"/\d+/\d+/\d+\.png", asked) for asked in named.asked)
        assert all(url.startswith(named.address) for url in watched.outside_requests)
        with page.expect_console_message(lambda message: "Security Policy" in message.text):
            page.evaluate("(url) => { new Image().src = url }", f"{other.address}/1/1/1.png")
        assert other.asked == []
    watched.outside_requests.clear()
    assert len(watched.console_errors) == 1
    watched.console_errors.clear()


def test_what_is_filled_is_hatched_and_lines_and_cells_are_not(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit()
    expect(page.locator("#heat canvas").first).to_be_visible()
    assert page.evaluate(HATCHED) == ["flow", "boxes"]
    for path, hatched in (("how-long", ["curve"]), ("model", ["by-agency", "by-district"])):
        page = watched.visit(f"/dashboard/{path}")
        expect(page.locator("[data-chart] canvas").first).to_be_visible()
        assert page.evaluate(HATCHED) == hatched


def test_two_areas_stand_beside_each_other(watched: Watched) -> None:
    page = watched.visit()
    expect(page.locator("#comparison thead")).to_contain_text(re.compile(r"Bronx\s*New York City"))
    page.locator('#compare select[name="b"]').select_option("queens")
    expect(page.locator("#comparison thead")).to_contain_text(re.compile(r"Bronx\s*Queens"))
    expect(page.locator("#comparison canvas")).to_be_visible()


def test_a_complaint_filed_by_the_api_appears_by_itself(watched: Watched) -> None:
    page = watched.page
    page.clock.install()
    watched.visit()
    expect(value(page, "filed")).to_have_text("40")
    page.clock.run_for(13_000)
    with page.expect_response("**/live.json*") as quiet:
        page.clock.run_for(13_000)
    assert quiet.value.status in {200, 304}
    Client().post(
        "/api/v1/complaints/",
        {"complaint_type": "rodent", "latitude": 40.75, "longitude": -73.85},
        content_type="application/json",
    )
    assert Complaint.objects.count() == 41
    page.clock.run_for(13_000)
    expect(value(page, "filed")).to_have_text("41")
    expect(page.locator('[data-part="offline"]')).to_be_hidden()


def test_without_a_connection_the_page_says_that_it_may_be_old(watched: Watched) -> None:
    page = watched.page
    page.clock.install()
    watched.visit()
    page.route("**/live.json*", lambda route: route.abort())
    # It asks after 12 seconds, then after another 24, and so on.
    for seconds in (13, 25, 49):
        with page.expect_event("requestfailed"):
            page.clock.run_for(1000 * seconds)
    page.clock.run_for(10_000)
    expect(page.locator('[data-part="offline"]')).to_be_visible()
    # Chromium itself notes each failed fetch.
    assert len(watched.console_errors) == 3
    assert all("ERR_FAILED" in error for error in watched.console_errors)
    watched.console_errors.clear()


@with_options(viewport=PHONE)
def test_a_phone_needs_no_sideways_scrolling(watched: Watched) -> None:
    activate_small_model()
    public_id = Complaint.objects.order_by("created_at").values_list("public_id", flat=True)[0]
    for path in ("", "how-long", "model", f"complaints/{public_id}"):
        page = watched.visit(f"/dashboard/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path


@with_options(color_scheme="dark")
def test_dark_mode_is_dark_and_charts_follow_a_change(watched: Watched) -> None:
    page = watched.visit()
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == DARK_PAPER
    assert serious_violations(page) == []
    dark_chart = page.locator("#flow canvas").screenshot()
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).not_to_have_css("background-color", DARK_PAPER)
    page.wait_for_timeout(100)
    assert page.locator("#flow canvas").screenshot() != dark_chart


def test_the_keyboard_reaches_and_works_the_filter(watched: Watched) -> None:
    page = watched.visit()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    reached = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"range-7-days", "pick-dates", "pick-complaint_type", "pick-status", "share"} <= reached
    page.locator("#pick-agency").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".chips")).to_contain_text("Agency")


def test_print_leaves_out_what_paper_cannot_do(watched: Watched) -> None:
    page = watched.visit()
    page.emulate_media(media="print")
    for gone in ("#filter", ".pages", "#rows .files"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator(".key-figures")).to_be_visible()


def test_no_page_keeps_anybody_out(watched: Watched) -> None:
    activate_small_model()
    public_id = Complaint.objects.order_by("created_at").values_list("public_id", flat=True)[0]
    for path in ("", "how-long", "model", f"complaints/{public_id}", "imports"):
        page = watched.visit(f"/dashboard/{path}")
        assert serious_violations(page) == [], path


def test_axe_would_find_what_keeps_people_out(watched: Watched) -> None:
    page = watched.visit("/dashboard/imports")
    page.evaluate("document.querySelector('main').innerHTML += '<img src=\"/static/x.png\">'")
    page.wait_for_timeout(100)
    assert any("image-alt" in found for found in serious_violations(page))
    watched.console_errors.clear()


def test_a_forecast_is_asked_for_a_point_and_a_type(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit("/dashboard/how-long")
    expect(page.locator("#curve canvas")).to_be_visible()
    with page.expect_response("**/how-long/answer?**"):
        page.get_by_label("What is it about?").select_option("rodent")
    expect(page.locator("#answer")).to_contain_text("Rodent")
    before = page.get_by_label("Latitude").input_value()
    with page.expect_response("**/how-long/answer?**"):
        page.locator("#point-map").click(position={"x": 150, "y": 60})
    assert page.get_by_label("Latitude").input_value() != before
    expect(page.locator("#curve canvas")).to_be_visible()


@with_options(geolocation={"latitude": 40.71234, "longitude": -73.9}, permissions=["geolocation"])
def test_my_position_is_asked_about(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit("/dashboard/how-long")
    with page.expect_response("**latitude=40.71234&longitude=-73.90000**"):
        page.get_by_role("button", name="Use my position").click()
    expect(page.locator("#answer")).to_contain_text("such complaints")


def test_the_policy_would_be_heard_if_it_were_broken(watched: Watched) -> None:
    page = watched.visit("/dashboard/imports")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">red</p>')")
    page.wait_for_timeout(100)
    assert len(watched.console_errors) == 1
    assert "Content Security Policy" in watched.console_errors.pop()
