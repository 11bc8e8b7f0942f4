-- Smaller roll-ups for what is asked most, and channels by day: whole months by agency and channel, and by district;
-- days by agency, by district, and by type, agency and channel.

-- Whoever files or folds meanwhile would be counted in some tables and not in others.
LOCK TABLE complaints_complaint, complaints_rollup_day_type IN SHARE MODE;

CREATE TABLE complaints_rollup_month_agency_channel (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    agency_id bigint NOT NULL,
    channel varchar(20) NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, agency_id, channel)
);

CREATE TABLE complaints_rollup_month_district (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    district_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, district_id)
);

CREATE TABLE complaints_rollup_day_agency (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    agency_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, agency_id)
);

CREATE TABLE complaints_rollup_day_district (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    district_id bigint NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, district_id)
);

CREATE TABLE complaints_rollup_day_type_agency_channel (
    city_id bigint NOT NULL,
    basis varchar(6) NOT NULL,
    period date NOT NULL,
    complaint_type_id bigint NOT NULL,
    agency_id bigint NOT NULL,
    channel varchar(20) NOT NULL,
    complaints integer NOT NULL,
    closed integer NOT NULL,
    timed integer NOT NULL,
    seconds bigint NOT NULL,
    bins smallint[] NOT NULL,
    counts integer[] NOT NULL,
    PRIMARY KEY (city_id, basis, period, complaint_type_id, agency_id, channel)
);

-- No roll-up knows channels by day: they come from the complaints, less what waits to be folded.
INSERT INTO complaints_rollup_day_type_agency_channel
SELECT city_id, basis, day, complaint_type_id, agency_id, channel,
    sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE bin IS NOT NULL AND timed <> 0), '{}'),
    COALESCE(array_agg(timed ORDER BY bin) FILTER (WHERE bin IS NOT NULL AND timed <> 0), '{}')
FROM (
    SELECT i.city_id, b.basis, (b.moment AT TIME ZONE c.time_zone)::date AS day,
        i.complaint_type_id, COALESCE(i.agency_id, 0) AS agency_id, i.channel,
        CASE WHEN i.closed_at > i.created_at
            THEN complaints_hours_bin(i.closed_at - i.created_at) END AS bin,
        sum(i.sign)::integer AS complaints,
        COALESCE(sum(i.sign) FILTER (WHERE i.closed_at IS NOT NULL), 0)::integer AS closed,
        COALESCE(sum(i.sign) FILTER (WHERE i.closed_at > i.created_at), 0)::integer AS timed,
        COALESCE(sum(i.sign * EXTRACT(EPOCH FROM i.closed_at - i.created_at)::bigint)
            FILTER (WHERE i.closed_at > i.created_at), 0)::bigint AS seconds
    FROM (
        SELECT 1 AS sign, city_id, complaint_type_id, agency_id, created_at, closed_at, channel
        FROM complaints_complaint
        UNION ALL
        SELECT -sign, city_id, complaint_type_id, agency_id, created_at, closed_at, channel
        FROM complaints_rollup_delta
    ) AS i
    JOIN complaints_city c ON c.id = i.city_id
    CROSS JOIN LATERAL (VALUES
        ('filed', i.created_at), ('closed', i.closed_at)) AS b (basis, moment)
    WHERE b.moment IS NOT NULL
    GROUP BY i.city_id, b.basis, day, i.complaint_type_id, 5, i.channel, bin
) AS histogram
GROUP BY day, city_id, basis, complaint_type_id, agency_id, channel;

INSERT INTO complaints_rollup_month_agency_channel
SELECT city_id, basis, start, agency_id, channel, sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE count <> 0), '{}'),
    COALESCE(array_agg(count ORDER BY bin) FILTER (WHERE count <> 0), '{}')
FROM (
    SELECT city_id, basis, date_trunc('month', period)::date AS start, agency_id, channel, bin,
        sum(complaints) AS complaints, sum(closed) AS closed, sum(timed) AS timed,
        sum(seconds) AS seconds, sum(count)::integer AS count
    FROM (
        SELECT city_id, basis, period, agency_id, channel, NULL::smallint AS bin,
            complaints, closed, timed, seconds, 0 AS count
        FROM complaints_rollup_day_type_agency_channel
        UNION ALL
        SELECT city_id, basis, period, agency_id, channel, unnest(bins), 0, 0, 0, 0, unnest(counts)
        FROM complaints_rollup_day_type_agency_channel
    ) AS item
    GROUP BY city_id, basis, start, agency_id, channel, bin
) AS histogram
GROUP BY start, city_id, basis, agency_id, channel;

INSERT INTO complaints_rollup_month_district
SELECT city_id, basis, start, district_id, sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE count <> 0), '{}'),
    COALESCE(array_agg(count ORDER BY bin) FILTER (WHERE count <> 0), '{}')
FROM (
    SELECT city_id, basis, date_trunc('month', period)::date AS start, district_id, bin,
        sum(complaints) AS complaints, sum(closed) AS closed, sum(timed) AS timed,
        sum(seconds) AS seconds, sum(count)::integer AS count
    FROM (
        SELECT city_id, basis, period, district_id, NULL::smallint AS bin,
            complaints, closed, timed, seconds, 0 AS count
        FROM complaints_rollup_day_agency_district
        UNION ALL
        SELECT city_id, basis, period, district_id, unnest(bins), 0, 0, 0, 0, unnest(counts)
        FROM complaints_rollup_day_agency_district
    ) AS item
    GROUP BY city_id, basis, start, district_id, bin
) AS histogram
GROUP BY start, city_id, basis, district_id;

INSERT INTO complaints_rollup_day_agency
SELECT city_id, basis, start, agency_id, sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE count <> 0), '{}'),
    COALESCE(array_agg(count ORDER BY bin) FILTER (WHERE count <> 0), '{}')
FROM (
    SELECT city_id, basis, period AS start, agency_id, bin,
        sum(complaints) AS complaints, sum(closed) AS closed, sum(timed) AS timed,
        sum(seconds) AS seconds, sum(count)::integer AS count
    FROM (
        SELECT city_id, basis, period, agency_id, NULL::smallint AS bin,
            complaints, closed, timed, seconds, 0 AS count
        FROM complaints_rollup_day_agency_district
        UNION ALL
        SELECT city_id, basis, period, agency_id, unnest(bins), 0, 0, 0, 0, unnest(counts)
        FROM complaints_rollup_day_agency_district
    ) AS item
    GROUP BY city_id, basis, start, agency_id, bin
) AS histogram
GROUP BY start, city_id, basis, agency_id;

INSERT INTO complaints_rollup_day_district
SELECT city_id, basis, start, district_id, sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE count <> 0), '{}'),
    COALESCE(array_agg(count ORDER BY bin) FILTER (WHERE count <> 0), '{}')
FROM (
    SELECT city_id, basis, period AS start, district_id, bin,
        sum(complaints) AS complaints, sum(closed) AS closed, sum(timed) AS timed,
        sum(seconds) AS seconds, sum(count)::integer AS count
    FROM (
        SELECT city_id, basis, period, district_id, NULL::smallint AS bin,
            complaints, closed, timed, seconds, 0 AS count
        FROM complaints_rollup_day_agency_district
        UNION ALL
        SELECT city_id, basis, period, district_id, unnest(bins), 0, 0, 0, 0, unnest(counts)
        FROM complaints_rollup_day_agency_district
    ) AS item
    GROUP BY city_id, basis, start, district_id, bin
) AS histogram
GROUP BY start, city_id, basis, district_id;

CREATE OR REPLACE FUNCTION complaints_empty_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM complaints_rollup_month_type;
    DELETE FROM complaints_rollup_month_agency_channel;
    DELETE FROM complaints_rollup_month_district;
    DELETE FROM complaints_rollup_day_agency;
    DELETE FROM complaints_rollup_day_district;
    DELETE FROM complaints_rollup_day_type_agency_channel;
    RETURN NULL;
END $$;
