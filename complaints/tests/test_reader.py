"""Files of any form and packing, and what is refused."""

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.opendata import containers, csv_blocks, reader
from complaints.opendata.containers import UnreadableFile
from complaints.opendata.reader import read_batches, read_header

Row = tuple[int, tuple[str, ...]]


def read(path: Path, **options: Any) -> tuple[list[Row], list[tuple[int, str]]]:
    rows: list[Row] = []
    broken: list[tuple[int, str]] = []
    for batch in read_batches(path, **options):
        broken += [(number, reason) for number, reason, _ in batch.broken]
        for record in batch.frame.iter_rows(named=True):
            number = record.pop("row")
            rows.append((number, tuple(record.values())))
    return rows, broken


def written(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_rows_are_numbered_on_past_broken_ones(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\x00\n\n9,10\n")
    assert read(path) == (
        [(1, ("1", "2")), (6, ("9", "10"))],
        [
            (2, "wrong number of fields (expected 2)"),
            (3, "wrong number of fields (expected 2)"),
            (4, "null byte"),
            (5, "not readable as CSV"),
        ],
    )


@pytest.mark.parametrize("block", [16, 64, 8_000_000])
def test_records_are_whole_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block)
    monkeypatch.setattr(reader, "START_BYTES", 8)
    rows = [(str(number), f'a "quoted"\nline, {number}') for number in range(50)]
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *rows])
    found, broken = read(written(tmp_path, text.getvalue()))
    assert found == [(number, row) for number, row in enumerate(rows, 1)]
    assert broken == []


CELLS = st.text(alphabet='ab,"\n\r\x00é ;', max_size=6)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=12),
    noise=st.sampled_from(["", '"', "x", "\xff"]),
    block=st.sampled_from([8, 40, 1_000_000]),
)
def test_reading_in_bulk_gives_what_the_grammar_gives(
    tmp_path: Path, rows: list[list[str]], noise: str, block: int
) -> None:
    """The law: the fast way and the csv module agree on every file, row by row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    path = written(tmp_path, text.getvalue().encode() + noise.encode("latin-1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "BLOCK_BYTES", block)
        fast = read(path)
        # Too small to hold a record: every row is read by the csv module.
        patch.setattr(csv_blocks, "_in_bulk", _never)
        assert fast == read(path)


def _never(*_arguments: Any) -> Any:
    raise csv_blocks.NotBulk(is_torn=True)


def test_the_fast_way_is_taken_where_all_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the law above: it does compare two ways."""
    monkeypatch.setattr(csv_blocks, "_row_by_row", _never)
    assert read(written(tmp_path, 'a,b\n1,"2\n2"\n')) == ([(1, ("1", "2\n2"))], [])


def test_semicolons_and_tabs_part_fields_too(tmp_path: Path) -> None:
    for delimiter in ";\t|":
        path = written(tmp_path, f"a{delimiter}b\n1{delimiter}2,5\n")
        assert read(path) == ([(1, ("1", "2,5"))], [])


def test_columns_with_one_normalised_name_are_told_apart(tmp_path: Path) -> None:
    assert read_header(written(tmp_path, "Row,A b,a_B,%\n1,2,3,4\n")) == [
        "row_2",
        "a_b",
        "a_b_4",
        "column",
    ]


def test_a_row_in_another_encoding_is_read_in_the_forms(tmp_path: Path) -> None:
    content = "a,b\ncafé,1\n".encode() + "café,2\n".encode("cp1252")
    path = written(tmp_path, content)
    assert read(path) == ([(1, ("café", "1"))], [(2, "not UTF-8")])
    assert read(path, encoding="cp1252")[0] == [(1, ("café", "1")), (2, ("café", "2"))]


def test_bytes_that_no_encoding_has_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,\x81\n2,x\n")
    assert read(path, encoding="cp1252") == ([(2, ("2", "x"))], [(1, "not UTF-8")])


@pytest.mark.parametrize("content", [b"", b"\n", b"a,a\n1,2\n"])
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="header"):
        read_header(written(tmp_path, content))


def test_a_field_without_end_is_not_kept_in_memory(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n1,"' + "x" * 300_000 + '"\n2,y\n')
    rows, broken = read(path)
    assert broken == [(1, "not readable as CSV")]
    assert rows[-1][1] == ("2", "y")


class TestPacking:
    def test_a_bomb_is_refused_before_it_is_unpacked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(containers, "RATIO_COUNTS_FROM_BYTES", 1_000_000)
        bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 5_000_000)
        with pytest.raises(UnreadableFile, match="more than 200 times its size"):
            read(written(tmp_path, bomb))

    def test_a_bomb_in_a_zip_is_refused_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(containers, "RATIO_COUNTS_FROM_BYTES", 1_000_000)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", b"a,b\n" + b"1,2\n" * 5_000_000)
        with pytest.raises(UnreadableFile, match="more than 200 times its size"):
            read(written(tmp_path, content.getvalue()))

    def test_more_than_the_limit_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(containers, "MAX_BYTES", 1_000)
        with pytest.raises(UnreadableFile, match="more than 1,000 bytes"):
            read(written(tmp_path, b"a,b\n" + b"1,2\n" * 1_000))

    def test_more_rows_than_the_limit_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "MAX_ROWS", 10)
        with pytest.raises(UnreadableFile, match="more than 10 rows"):
            read(written(tmp_path, b"a,b\n" + b"1,2\n" * 11))

    def test_an_archive_without_a_table_is_refused(self, tmp_path: Path) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("a.pdf", b"x")
            archive.writestr("b.pdf", b"x")
        with pytest.raises(UnreadableFile, match="holds no table"):
            read(written(tmp_path, content.getvalue()))

    def test_a_path_in_an_archive_leads_nowhere(self, tmp_path: Path) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("../../../outside.csv", b"a,b\n1,2\n")
        before = set(tmp_path.parent.rglob("*"))
        path = written(tmp_path, content.getvalue())
        assert read(path)[0] == [(1, ("1", "2"))]
        assert set(tmp_path.parent.rglob("*")) == before | {path}

    @pytest.mark.parametrize("pack", ["gzip", "zip"])
    def test_a_damaged_archive_is_refused(self, tmp_path: Path, pack: str) -> None:
        content = gzip.compress(b"a,b\n" + bytes(range(65, 90)) * 5_000)
        if pack == "zip":
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr("a.csv", b"a,b\n" + bytes(range(65, 90)) * 5_000)
            content = archive.getvalue()
        damaged = content[: len(content) // 2]
        with pytest.raises(UnreadableFile, match="cannot be read to its end"):
            read(written(tmp_path, damaged))


class TestJson:
    @pytest.mark.parametrize("size", [5, 64, 1_000_000])
    def test_objects_are_whole_wherever_a_chunk_ends(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        monkeypatch.setattr("complaints.opendata.json_rows.CHUNK_BYTES", size)
        monkeypatch.setattr(reader, "START_BYTES", 3)
        objects = [{"a": f"é{number}", "b": {"c": [1]}} for number in range(30)]
        path = written(tmp_path, json.dumps(objects, ensure_ascii=False))
        assert read(path)[0] == [
            (number, (f"é{number - 1}", '{"c": [1]}')) for number in range(1, 31)
        ]

    @pytest.mark.parametrize("content", ["[{}", "[{},", '[{"a": 1}, {"a":', "[" * 5_000, "{"])
    def test_json_that_does_not_end_is_refused(self, tmp_path: Path, content: str) -> None:
        with pytest.raises(UnreadableFile, match="JSON does not end"):
            read(written(tmp_path, content))

    def test_lone_surrogates_are_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, '[{"a": "\\ud800"}, {"a": "x"}]')
        assert read(path) == ([(2, ("x",))], [(1, "not UTF-8")])


def test_a_block_is_read_as_text_only(tmp_path: Path) -> None:
    [_, batch] = read_batches(written(tmp_path, "a,b\n007,1e5\n"))
    assert batch.frame.schema["a"] == pl.String
    assert batch.frame["a"].to_list() == ["007"]
