"""`manage.py import_complaints FILE`: a city's open data into the database."""

import gzip
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from complaints.models import City, Import
from complaints.opendata.cleaning import Choice
from complaints.opendata.containers import UnreadableFile
from complaints.opendata.destination import UnknownCity, city_named, destination
from complaints.opendata.loading import Summary
from complaints.opendata.mapping import UnknownForm, mappings
from complaints.opendata.portal_runs import run_portal
from complaints.opendata.portals import Dataset, PortalError, begin
from complaints.opendata.runs import REFUSALS, AlreadyRunning, run_file
from complaints.rollups.folding import fold

SHOWN_NAMES = 20
MOMENT_HELP = "a date or ISO 8601 time, on the city's clock unless it has an offset"


class Command(BaseCommand):
    help = (
        "Import complaints from a city's open data: a CSV or JSON file, plain, gzip or zip, in any "
        "of the forms of --list-mappings, told by its columns. "
        "Rows are matched by their id: new ones are added, changed ones updated. "
        "All good rows are loaded in one transaction; bad rows go to a rejects file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", nargs="?")
        parser.add_argument(
            "--city",
            help=f"slug of the city (default: the mapping's, else {settings.CITY})",
        )
        parser.add_argument(
            "--mapping", metavar="NAME", help="form of the file (default: told by its columns)"
        )
        parser.add_argument(
            "--list-mappings", action="store_true", help="say which forms there are, and end"
        )
        parser.add_argument(
            "--socrata",
            metavar="HOST/4x4",
            help="a dataset of a Socrata portal instead of a file; one that was left half-way goes "
            "on. The token of the environment's SOCRATA_APP_TOKEN is used",
        )
        parser.add_argument(
            "--since",
            metavar="TIME",
            help=f"with --socrata: only rows changed at or after this: {MOMENT_HELP}. "
            "Default: what changed since the last such import",
        )
        parser.add_argument(
            "--observed-at",
            metavar="TIME",
            help=f"when the source was read: {MOMENT_HELP}. Complaints open then count as open up "
            "to then and no longer. Default: the latest moment that stands in the file",
        )
        parser.add_argument(
            "--created-after",
            metavar="TIME",
            help=f"only complaints created at or after this: {MOMENT_HELP}",
        )
        parser.add_argument(
            "--created-before",
            metavar="TIME",
            help=f"only complaints created before this: {MOMENT_HELP}",
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="FILE",
            help="where rejected rows go (default: var/rejects/, named after the file and time)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list_mappings"]:
            self.stdout.write(listed_mappings())
            return
        if options["socrata"]:
            self._import_portal(options)
            return
        path: Path | None = options["file"]
        if path is None:
            raise CommandError("FILE or --socrata HOST/4x4 is missing")
        if not path.is_file():
            raise CommandError(f"{path}: there is no such file")
        try:
            city, mapping = destination(path, options["city"], options["mapping"])
        except (UnreadableFile, UnknownForm, UnknownCity, OSError) as error:
            raise CommandError(f"{error}; nothing was loaded") from error
        choice = Choice(
            observed_at=moment(options["observed_at"], city, "--observed-at"),
            created_after=moment(options["created_after"], city, "--created-after"),
            created_before=moment(options["created_before"], city, "--created-before"),
        )
        run = Import(origin=Import.Origin.FILE, name=path.name, city=city, mapping=mapping.name)
        run.save()
        try:
            summary = self._import(run, path, choice)
        except (AlreadyRunning, *REFUSALS) as error:
            raise CommandError(f"{error}; nothing was loaded") from error
        rejects = _write_rejects(run, options["rejects"])
        self.stdout.write(report(summary, city, rejects))
        # Statistics are right without it, but slow while so much waits.
        fold()

    def _import(self, run: Import, path: Path, choice: Choice) -> Summary:
        with tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name) as bar:
            return run_file(run, path, choice, lambda position: _advance(bar, position))

    def _import_portal(self, options: dict[str, Any]) -> None:
        try:
            dataset = Dataset.named(options["socrata"])
            city = city_named(options["city"]) if options["city"] else None
            clock = city or City(time_zone="UTC")
            since = moment(options["since"], clock, "--since")
            run = begin(dataset, city, options["mapping"] or "", since)
            with tqdm(unit=" rows", desc=str(dataset)) as bar:
                run_portal(run, lambda rows: _advance(bar, rows))
        except (AlreadyRunning, PortalError, *REFUSALS) as error:
            raise CommandError(f"{error}; run it again to go on") from error
        if not run.counts:
            self.stdout.write("Nothing has changed.")
        for name, number in run.counts.items():
            if isinstance(number, int):
                self.stdout.write(f"{number:>12,}  {name.replace('_', ' ')}")
        if rejects := _write_rejects(run, options["rejects"]):
            self.stdout.write(f"Rejected rows: {rejects}")
        fold()


def _advance(bar: "tqdm[Any]", position: int) -> None:
    bar.update(position - bar.n)
    if bar.total and position >= bar.total:
        bar.set_description("merging into the database")


def moment(text: str | None, city: City, option: str) -> datetime | None:
    """An instant from a date or ISO time; without an offset it is the city's local time.

    Raises CommandError that names the option.
    """
    if text is None:
        return None
    try:
        day = parse_date(text)
        found = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{option}: got {text!r}, expected {MOMENT_HELP}")
    return found if timezone.is_aware(found) else found.replace(tzinfo=city.zone)


def _write_rejects(run: Import, path: Path | None) -> Path | None:
    """Write an import's rejected rows to a file, if there are any or one was asked for."""
    if not run.rejects and path is None:
        return None
    if path is None:
        stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
        stem = run.name.replace("/", "-").split(".")[0]
        path = settings.VAR_FOLDER / "rejects" / f"{stem}-{stamp}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.decompress(run.rejects) if run.rejects else b"row,reason,record\r\n")
    return path


def report(summary: Summary, city: City, rejects: Path | None) -> str:
    """The closing summary, a line a count."""
    counts = [
        ("read", summary.read),
        ("new", summary.new),
        ("updated", summary.updated),
        ("unchanged", summary.unchanged),
        ("known from a later observation", summary.superseded),
        ("outside --created-after/--created-before", summary.left_out),
        ("rejected", summary.rejected.total()),
        *((f"  {reason}", number) for reason, number in summary.rejected.most_common()),
        *((f"note: {text}", number) for text, number in summary.notes.most_common() if number),
    ]
    lines = [f"{number:>12,}  {name}" for name, number in counts]
    if summary.observed_at:
        local = city.localise(summary.observed_at)
        lines.append(f"Observed at {local:%Y-%m-%d %H:%M} ({city.time_zone}).")
    if summary.created_names:
        shown = ", ".join(summary.created_names[:SHOWN_NAMES])
        more = len(summary.created_names) - SHOWN_NAMES
        lines.append(f"New names: {shown}" + (f" and {more} more." if more > 0 else "."))
    if summary.rejected and rejects:
        lines.append(f"Rejected rows: {rejects}")
    return "\n".join(lines)


def listed_mappings() -> str:
    """One line a form of file."""
    width = max(map(len, mappings()))
    return "\n".join(f"{name:<{width}}  {one.title}" for name, one in mappings().items())
