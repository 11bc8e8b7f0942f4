"""Pictures of the pages of a running Smart 311: `make screenshots`.

They go to var/screenshots; the first also becomes docs/dashboard.png, which the README shows.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, sync_playwright

from dashboard.tests.chromium import PROGRAMS, QUIET_FLAGS

ROOT = Path(__file__).resolve().parents[2]
DESKTOP, PHONE, WALL = (1440, 900), (390, 844), (2560, 1440)
README_HEIGHT = 1330
LONGEST = 6000
"""Pixels of a picture's height."""


@dataclass(frozen=True)
class Picture:
    """A page in one state."""

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    options: dict[str, Any] = field(default_factory=dict)
    media: str = "screen"


DARK = {"color_scheme": "dark"}


def pictures(complaint: str) -> list[Picture]:
    """The main states."""
    return [
        Picture("overview", "/dashboard/"),
        Picture("overview-dark", "/dashboard/", options=DARK),
        Picture("overview-phone", "/dashboard/", PHONE),
        Picture("overview-phone-dark", "/dashboard/", PHONE, DARK),
        Picture("overview-wall", "/dashboard/", WALL),
        Picture("overview-24h", "/dashboard/?range=24h"),
        Picture("overview-narrowed", "/dashboard/?agency=NYPD&district=queens&range=90d"),
        Picture("overview-nothing", "/dashboard/?from=1999-01-01&to=1999-01-02"),
        Picture("overview-spanish", "/dashboard/?lang=es"),
        Picture("overview-print", "/dashboard/", (1000, 1400), media="print"),
        Picture("how-long", "/dashboard/how-long"),
        Picture("how-long-phone", "/dashboard/how-long", PHONE),
        Picture("model", "/dashboard/model"),
        Picture("model-phone-dark", "/dashboard/model", PHONE, DARK),
        Picture("complaint", f"/dashboard/complaints/{complaint}"),
        Picture("complaint-phone", f"/dashboard/complaints/{complaint}", PHONE),
        Picture("imports", "/dashboard/imports"),
        Picture("not-found", "/dashboard/nowhere"),
    ]


def take(browser: Browser, host: str, picture: Picture, folder: Path) -> Path:
    """One picture, once nothing loads any more."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", **picture.options
    )
    page = context.new_page()
    page.goto(host + picture.path, wait_until="networkidle")
    if picture.media == "print":
        page.emulate_media(media="print")
    page.wait_for_timeout(1500)
    whole = min(page.evaluate("document.documentElement.scrollHeight"), LONGEST)
    path = folder / f"{picture.name}.png"
    clip = {"x": 0, "y": 0, "width": width, "height": whole}
    page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    if picture.name == "overview":
        clip["height"] = README_HEIGHT
        page.screenshot(path=ROOT / "docs" / "dashboard.png", full_page=True, clip=clip)  # type: ignore[arg-type]
    context.close()
    return path


def main(host: str, only: str = "") -> None:
    """Every picture, or those whose name begins with `only`."""
    folder = Path(os.environ.get("VAR_FOLDER", ROOT / "var")) / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    newest = httpx.get(f"{host}/api/v1/complaints/?status=open&page_size=1").json()["results"]
    program = next(filter(None, map(shutil.which, PROGRAMS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET_FLAGS)
        for picture in pictures(newest[0]["id"]):
            if picture.name.startswith(only):
                sys.stdout.write(f"{take(browser, host, picture, folder)}\n")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
