-- Roll-ups of complaints. Each change of a complaint appends signed images of what counts to one
-- table without an index, in the transaction that makes the change; a job folds them into the small
-- tables below, and readers add both. An append locks no row of another writer.

CREATE TABLE complaints_rollup_delta (
    sign smallint NOT NULL,
    city_id bigint NOT NULL,
    complaint_type_id bigint NOT NULL,
    agency_id bigint,
    district_id bigint,
    cell bigint,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    channel varchar(20) NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The tables refer to other rows by number only, with 0 for none, so that a type can be deleted
-- once no complaint is left of it. `basis` says whose time the period is: that of filing or of
-- closing. `complaints` counts all, `closed` the closed, `timed` those closed after a real time,
-- `seconds` what these took; `bins` and `counts` are the histogram of that (complaints_hours_bin).

CREATE TABLE complaints_rollup_day_type (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    complaint_type_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, complaint_type_id)
);

CREATE TABLE complaints_rollup_day_agency_district (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    agency_id bigint NOT NULL,
    district_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, agency_id, district_id)
);

CREATE TABLE complaints_rollup_month_everything (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    complaint_type_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    district_id bigint NOT NULL,
    channel varchar(20) NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, complaint_type_id, agency_id, district_id, channel)
);

CREATE TABLE complaints_rollup_month_hour_type (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    hour_of_week smallint NOT NULL,
    complaint_type_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, hour_of_week, complaint_type_id)
);

CREATE TABLE complaints_rollup_day_cell (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    cell bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, cell)
);

CREATE TABLE complaints_rollup_queue (
    city_id bigint NOT NULL,
    complaint_type_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    district_id bigint NOT NULL,
    waiting integer NOT NULL,
    PRIMARY KEY (city_id, complaint_type_id, agency_id, district_id)
);

CREATE TABLE complaints_rollup_queue_cell (
    city_id bigint NOT NULL,
    cell bigint NOT NULL,
    waiting integer NOT NULL,
    PRIMARY KEY (city_id, cell)
);

-- One row: when what was last done, and what the last check found.
CREATE TABLE complaints_rollup_state (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    folded_at timestamptz,
    rebuilt_at timestamptz,
    checked_at timestamptz,
    differing_cells integer
);
INSERT INTO complaints_rollup_state DEFAULT VALUES;

-- Bins of a histogram of times to close: each reaches 5 % further than the one before, bin 0
-- begins at a second. complaints/rollups/histogram.py holds the same ratio.
CREATE FUNCTION complaints_hours_bin(took interval) RETURNS smallint LANGUAGE sql IMMUTABLE
    PARALLEL SAFE
    RETURN floor(ln(EXTRACT(EPOCH FROM took)::float8) / ln(1.05::float8))::smallint;

CREATE FUNCTION complaints_roll_up_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_rollup_delta
    SELECT 1, city_id, complaint_type_id, agency_id, district_id, cell, created_at, closed_at,
        channel
    FROM new_rows;
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_rollups_of_insert
    AFTER INSERT ON complaints_complaint
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_roll_up_insert();

-- A full join: a row that got another id is one that went and one that came.
CREATE FUNCTION complaints_roll_up_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_rollup_delta
    SELECT image.*
    FROM new_rows n
    FULL JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        (-1, o.city_id, o.complaint_type_id, o.agency_id, o.district_id, o.cell, o.created_at,
            o.closed_at, o.channel),
        (1, n.city_id, n.complaint_type_id, n.agency_id, n.district_id, n.cell, n.created_at,
            n.closed_at, n.channel)
    ) AS image (sign, city_id, complaint_type_id, agency_id, district_id, cell, created_at,
        closed_at, channel)
    WHERE image.city_id IS NOT NULL
        AND (n.city_id, n.complaint_type_id, n.agency_id, n.district_id, n.cell, n.created_at,
            n.closed_at, n.channel)
        IS DISTINCT FROM
        (o.city_id, o.complaint_type_id, o.agency_id, o.district_id, o.cell, o.created_at,
            o.closed_at, o.channel);
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_rollups_of_update
    AFTER UPDATE ON complaints_complaint
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_roll_up_update();

CREATE FUNCTION complaints_roll_up_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_rollup_delta
    SELECT -1, city_id, complaint_type_id, agency_id, district_id, cell, created_at, closed_at,
        channel
    FROM old_rows;
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_rollups_of_delete
    AFTER DELETE ON complaints_complaint
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_roll_up_delete();

-- TRUNCATE has no transition table. Where a setting allows it (the test database's), the roll-ups
-- go with the complaints.
CREATE FUNCTION complaints_roll_up_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF COALESCE(current_setting('smart311.may_truncate', true), '') <> 'on' THEN
        RAISE EXCEPTION 'complaints are never truncated: their roll-ups would not notice'
            USING ERRCODE = 'restrict_violation', HINT = 'Use DELETE.';
    END IF;
    DELETE FROM complaints_rollup_delta;
    DELETE FROM complaints_rollup_day_type;
    DELETE FROM complaints_rollup_day_agency_district;
    DELETE FROM complaints_rollup_month_everything;
    DELETE FROM complaints_rollup_month_hour_type;
    DELETE FROM complaints_rollup_day_cell;
    DELETE FROM complaints_rollup_queue;
    DELETE FROM complaints_rollup_queue_cell;
    UPDATE complaints_rollup_state
    SET folded_at = NULL, rebuilt_at = NULL, checked_at = NULL, differing_cells = NULL;
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_rollups_of_truncate
    BEFORE TRUNCATE ON complaints_complaint
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_roll_up_truncate();

-- What is there already. Creating the triggers has locked writers out until this is committed.
INSERT INTO complaints_rollup_delta
SELECT 1, city_id, complaint_type_id, agency_id, district_id, cell, created_at, closed_at, channel
FROM complaints_complaint;
