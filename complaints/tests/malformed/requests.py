"""Headers, methods, paths, query parameters and the steps of staff."""

from complaints.tests.malformed.rows import API, BULK, INPUT, Row, act, header, read

JSON_LIKE = "application/json; charset="

HEADERS: list[Row] = [
    header("no content type", 415, content_type=""),
    header("a form", 415, content_type="application/x-www-form-urlencoded"),
    header("a form with files", 415, content_type="multipart/form-data; boundary=x"),
    header("plain text", 415, content_type="text/plain"),
    header("JSON of another kind", 415, content_type="application/problem+json"),
    header("a content type that is none", 415, content_type="json"),
    header("a charset that does not exist", 415, content_type=f"{JSON_LIKE}no-such"),
    header("UTF-16", 415, content_type=f"{JSON_LIKE}utf-16"),
    header("Latin-1", 415, content_type=f"{JSON_LIKE}iso-8859-1"),
    header("gzip", 415, headers={"Content-Encoding": "gzip"}),
    header("two codings", 415, headers={"Content-Encoding": "gzip, br"}),
    header("an answer nobody can give", 406, headers={"Accept": "image/png"}),
    header("HTML wanted", 406, headers={"Accept": "text/html"}),
    *(
        header(
            f"a key of {name}",
            400,
            ("/Idempotency-Key", "invalid"),
            headers={"Idempotency-Key": key},
        )
        for name, key in {
            "nothing": "",
            "7 characters": "1234567",
            "129 characters": "x" * 129,
            "tabs": "a\tb\tc\td\te",
            "blanks": " " * 9,
            "accents": "clé-clé-clé",
            "a leading blank": " 12345678",
            "DEL": "12345678\x7f",
        }.items()
    ),
    header(
        "a key for the classic door",
        400,
        ("/Idempotency-Key", "invalid"),
        path=INPUT,
        headers={"Idempotency-Key": "x"},
    ),
    header(
        "a key for a bulk",
        400,
        ("/Idempotency-Key", "invalid"),
        path=BULK,
        headers={"Idempotency-Key": "x"},
    ),
]

METHODS: list[Row] = [
    *(
        Row(f"{method} of all complaints", 405, (), method, API)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW")
    ),
    Row("POST of one complaint", 405, (), "POST", f"{API}{{id}}/"),
    Row("DELETE of one complaint", 405, (), "DELETE", f"{API}{{id}}/"),
    Row("PUT of one complaint", 405, (), "PUT", f"{API}{{id}}/"),
    Row("GET of the bulk", 405, (), "GET", BULK),
    Row("GET of the classic door", 405, (), "GET", INPUT),
    Row("DELETE of the classic door", 405, (), "DELETE", INPUT),
    Row("GET of a step", 405, (), "GET", f"{API}{{id}}/close/"),
    Row("POST of an agency", 405, (), "POST", "/api/v1/agencies/"),
    Row("POST of a forecast", 405, (), "POST", "/predict/noise-residential/"),
    Row("POST of a median", 405, (), "POST", "/complaints/time/noise-residential/"),
    Row("POST of the history", 405, (), "POST", f"{API}{{id}}/events/"),
    Row("POST of the export", 405, (), "POST", "/api/v1/complaints.csv"),
]

PATHS: list[Row] = [
    read("an id of 19 digits", f"{API}0123456789012345678/", status=404),
    read("an id nobody has", f"{API}{'0' * 20}/", status=404),
    read("an id in capitals", f"{API}{'ABCDEF0123' * 2}/", status=404),
    read("an id with a NUL", f"{API}{'0' * 19}%00/", status=404),
    read("a path that is no text", f"{API}%ff%fe/", status=404),
    read("a path upwards", f"{API}../../etc/passwd/", status=404),
    read("the history of nobody", f"{API}{'0' * 20}/events/", status=404),
    read("a thing that is not there", f"{API}{{id}}/nothing/", status=404),
    read("an agency that is not there", "/api/v1/agencies/NO/", status=404),
    read("an agency with a NUL", "/api/v1/agencies/a%00b/", status=404),
    read("a city with a NUL", "/api/v1/cities/a%00b/", status=404),
    read("a model with a NUL", "/api/v1/models/a%00b/", status=404),
    read("a district that is no text", "/api/v1/districts/%ff/", status=404),
    read("nothing of the API", "/api/v1/nothing/", status=404),
    read("no version of the API", "/api/v9/complaints/", status=404),
    read("classic: the median of an unknown type", "/complaints/time/nois/", status=404),
    read("classic: a type with a NUL", "/complaints/time/a%00b/", status=404),
    read("classic: a type that is no text", "/complaints/time/%ff/", status=404),
    read("classic: a type of 5,000 letters", f"/complaints/time/{'x' * 5000}/", status=404),
    read("classic: an unknown noise", "/complaints/noise/loud/time/", status=404),
    read("classic: an unknown type of all", "/complaints/all/nois/time/", status=404),
    read("predict: an unknown type", "/predict/nois/", status=404),
    read("predict: a type with a NUL", "/predict/a%00b/", status=404),
    read("predict: an unknown type, async", "/predict_async/nois/", status=404),
]

QUERIES: list[Row] = [
    read("an unknown parameter", f"{API}?colour=red", ("/colour", "unknown_parameter")),
    read(
        "the same parameter twice",
        f"{API}?status=open&status=closed",
        ("/status", "duplicate_parameter"),
    ),
    read("a NUL in a value", f"{API}?q=a%00b", ("/q", "malformed")),
    read("a value that is no text", f"{API}?zip=%ff", ("/zip", "unknown_parameter")),
    read("a search that is no text", f"{API}?q=%ff", ("/q", "malformed")),
    read("101 parameters", f"{API}?" + "&".join(f"a{n}=1" for n in range(101)), ("", "invalid")),
    *(
        read(
            f"{name}={value[:20]} ({len(value)})", f"{API}?{name}={value}", (f"/{name}", "invalid")
        )
        for name, value in (
            ("status", "done"),
            ("status", ""),
            ("status", "open,,closed"),
            ("complaint_type", "nois"),
            ("agency", "NO"),
            ("district", "moon"),
            ("created_after", "yesterday"),
            ("created_before", "2019-02-30"),
            ("closed_after", "1562760000"),
            ("closed_before", "2019-03-10T02:30"),
            ("updated_since", "0001-01-01T00:00:00%2B14:00"),
            ("bbox", "1,2,3"),
            ("bbox", "a,b,c,d"),
            ("bbox", "nan,0,1,1"),
            ("bbox", "-73,40,-74,41"),
            ("bbox", "-200,0,0,0"),
            ("near", "40.75"),
            ("near", "91,0"),
            ("near", "1e999,0"),
            ("near", "inf,inf"),
            ("radius", "5"),
            ("cell", "zz"),
            ("cell", "-1"),
            ("cell", "9" * 400),
            ("q", "%20"),
            ("q", "x" * 201),
            ("predicted_late", "yes"),
            ("ordering", "id"),
            ("ordering", "-created_at,id"),
            ("page_size", "0"),
            ("page_size", "1001"),
            ("page_size", "-1"),
            ("page_size", "1_0"),
            ("page_size", "%D9%A1"),
            ("page_size", "9" * 500),
            ("cursor", "x"),
            ("cursor", "AAAA"),
            ("cursor", "x" * 300),
            ("cursor", "%D9%A1"),
        )
    ),
    read(
        "csv: a page size",
        "/api/v1/complaints.csv?page_size=5",
        ("/page_size", "unknown_parameter"),
    ),
    read(
        "geojson: an unknown status", "/api/v1/complaints.geojson?status=x", ("/status", "invalid")
    ),
    read("one complaint, filtered", f"{API}{{id}}/?status=open", ("/status", "unknown_parameter")),
    read("a history, paged", f"{API}{{id}}/events/?page=2", ("/page", "unknown_parameter")),
    read("agencies: a cursor that is none", "/api/v1/agencies/?cursor=x", ("/cursor", "invalid")),
    read(
        "agencies: a cursor of another list",
        "/api/v1/agencies/?cursor=cD1h",
        ("/cursor", "invalid"),
    ),
    read("agencies: a page size of 0", "/api/v1/agencies/?page_size=0", ("/page_size", "invalid")),
    read(
        "agencies: a page size of 1001",
        "/api/v1/agencies/?page_size=1001",
        ("/page_size", "invalid"),
    ),
    read(
        "agencies: a word as page size",
        "/api/v1/agencies/?page_size=all",
        ("/page_size", "invalid"),
    ),
    read(
        "agencies: an unknown parameter",
        "/api/v1/agencies/?colour=red",
        ("/colour", "unknown_parameter"),
    ),
    *(
        read(
            f"{path}: another form", f"/api/v1/{path}?format=csv", ("/format", "unknown_parameter")
        )
        for path in (
            "complaints/",
            "complaints/{id}/",
            "complaints/{id}/events/",
            "agencies/",
            "me/",
        )
    ),
    *(
        read(f"one of {path}, filtered", f"/api/v1/{path}?x=1", ("/x", "unknown_parameter"))
        for path in ("complaint-types/noise-residential/", "agencies/NYPD/")
    ),
    *(
        header(f"a parameter of {path}", 400, ("/lat", "unknown_parameter"), path=f"{path}?lat=abc")
        for path in (API, BULK, INPUT)
    ),
    header("why twice", 400, ("/why", "duplicate_parameter"), path=f"{API}?why=true&why=true"),
    header("why, perhaps", 400, ("/why", "invalid"), path=f"{API}?why=perhaps"),
    *(
        Row(
            f"{step}: a parameter",
            400,
            (("/x", "unknown_parameter"),),
            path=f"{API}{{id}}/{step}/?x=1",
            body=b"{}",
            is_staff=True,
        )
        for step in ("close", "reopen", "assign", "comment", "mark-duplicate")
    ),
    read("hour: none", "/complaints/noise-residential/", ("/hour", "invalid")),
    *(
        read(
            f"hour: {hour[:9]!r}",
            f"/complaints/noise-residential/?hour={hour}",
            ("/hour", "invalid"),
        )
        for hour in ("24", "-1", "12.0", "1e1", "true", "", "%D9%A1", "012", "9" * 300)
    ),
    read("hour: a NUL", "/complaints/noise-residential/?hour=a%00b", ("/hour", "malformed")),
    read(
        "hour: twice",
        "/complaints/noise-residential/?hour=1&hour=2",
        ("/hour", "duplicate_parameter"),
    ),
    read(
        "time: a parameter",
        "/complaints/time/noise-residential/?hour=1",
        ("/hour", "unknown_parameter"),
    ),
    *(
        read(f"predict: {query[:30]}", f"/predict/noise-residential/?{query}", *errors)
        for query, *errors in (
            ("latitude=abc&longitude=-73.85", ("/latitude", "invalid")),
            ("latitude=40.75", ("/longitude", "invalid")),
            ("latitude=91&longitude=0", ("/latitude", "invalid")),
            ("latitude=40.75&longitude=-73.5", ("/longitude", "invalid")),
            ("latitude=0&longitude=0", ("/latitude", "invalid")),
            ("latitude=nan&longitude=nan", ("/latitude", "invalid")),
            ("latitude=1_0&longitude=-73.85", ("/latitude", "invalid")),
            ("latitude=1e400&longitude=-73.85", ("/latitude", "invalid")),
            ("latitude=40.75&longitude=a%00b", ("/longitude", "invalid")),
            ("latitude=%ff",),
            ("latitude=40.7&latitude=40.8",),
            ("colour=red",),
            ("created_date=soon", ("/created_date", "invalid")),
            ("created_date=2019-03-10T02:30", ("/created_date", "invalid")),
            ("created_date=2999-01-01", ("/created_date", "invalid")),
            ("created_date=1899-01-01", ("/created_date", "invalid")),
            ("created_date=0001-01-01T00:00:00%2B14:00", ("/created_date", "invalid")),
        )
    ),
]

STEPS: list[Row] = [
    act("close: a list", "close", [], ("", "invalid")),
    act("close: half an object", "close", b"{"),
    act("close: the future", "close", {"at": "2999-01-01T00:00:00Z"}, ("/at", "invalid")),
    act("close: before its filing", "close", {"at": "2018-01-01T00:00:00Z"}, ("/at", "invalid")),
    act("close: a number as time", "close", {"at": 5}, ("/at", "invalid")),
    act("close: null as time", "close", {"at": None}, ("/at", "null")),
    act("close: an unknown field", "close", {"by": "me"}, ("/by", "unknown_field")),
    act("close: a number as resolution", "close", {"resolution": 5}, ("/resolution", "invalid")),
    act("close: a form", "close", {}, status=415, content_type="application/x-www-form-urlencoded"),
    act("reopen: an open one", "reopen", {}, status=409),
    act("reopen: an unknown field", "reopen", {"why": "x"}, ("/why", "unknown_field")),
    act("assign: nobody", "assign", {}, ("/agency", "required")),
    act("assign: null", "assign", {"agency": None}, ("/agency", "null")),
    act("assign: a number", "assign", {"agency": 1}, ("/agency", "does_not_exist")),
    act("assign: an unknown agency", "assign", {"agency": "NO"}, ("/agency", "does_not_exist")),
    act("comment: none", "comment", {}, ("/text", "required")),
    act("comment: blank", "comment", {"text": "\u200b \u2060"}, ("/text", "blank")),
    act("comment: 4,001 characters", "comment", {"text": "x" * 4001}, ("/text", "max_length")),
    act(
        "comment: a word for true",
        "comment",
        {"text": "x", "is_public": "yes"},
        ("/is_public", "invalid"),
    ),
    act(
        "comment: null for true",
        "comment",
        {"text": "x", "is_public": None},
        ("/is_public", "null"),
    ),
    act("comment: 1 for true", "comment", {"text": "x", "is_public": 1}, ("/is_public", "invalid")),
    act("comment: an escaped NUL", "comment", b'{"text": "\\u0000"}'),
    act("duplicate: of nothing", "mark-duplicate", {}, ("/duplicate_of", "required")),
    act(
        "duplicate: of nobody",
        "mark-duplicate",
        {"duplicate_of": "0" * 20},
        ("/duplicate_of", "does_not_exist"),
    ),
    act(
        "duplicate: of a list",
        "mark-duplicate",
        {"duplicate_of": []},
        ("/duplicate_of", "does_not_exist"),
    ),
    act("correct: a list", "", [], ("", "invalid")),
    act("correct: closed", "", {"status": "closed"}, ("/status", "invalid_choice")),
    act("correct: a number as status", "", {"status": 1}, ("/status", "invalid_choice")),
    act("correct: a list as status", "", {"status": []}, ("/status", "invalid_choice")),
    act("correct: another id", "", {"id": "0" * 20}, ("/id", "unknown_field")),
    act("correct: its filing", "", {"created_at": "2019-01-01"}, ("/created_at", "unknown_field")),
    act(
        "correct: an unknown type",
        "",
        {"complaint_type": "nois"},
        ("/complaint_type", "unknown_type"),
    ),
    act(
        "correct: a script as picture", "", {"media_url": "javascript:1"}, ("/media_url", "invalid")
    ),
]
