-- A roll-up of whole months by type, for questions about long times: a thirtieth of the rows.

-- Whoever folds meanwhile would add to the days and not to the months.
LOCK TABLE complaints_rollup_day_type IN SHARE MODE;

CREATE TABLE complaints_rollup_month_type (
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

INSERT INTO complaints_rollup_month_type
SELECT city_id, basis, month, complaint_type_id,
    sum(complaints), sum(closed), sum(timed), sum(seconds),
    COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE count <> 0), '{}'),
    COALESCE(array_agg(count ORDER BY bin) FILTER (WHERE count <> 0), '{}')
FROM (
    SELECT city_id, basis, date_trunc('month', period)::date AS month, complaint_type_id, bin,
        sum(complaints) AS complaints, sum(closed) AS closed, sum(timed) AS timed,
        sum(seconds) AS seconds, sum(count)::integer AS count
    FROM (
        SELECT city_id, basis, period, complaint_type_id, NULL::smallint AS bin,
            complaints, closed, timed, seconds, 0 AS count
        FROM complaints_rollup_day_type
        UNION ALL
        SELECT city_id, basis, period, complaint_type_id, unnest(bins), 0, 0, 0, 0, unnest(counts)
        FROM complaints_rollup_day_type
    ) AS item
    GROUP BY city_id, basis, month, complaint_type_id, bin
) AS histogram
GROUP BY city_id, basis, month, complaint_type_id;

CREATE FUNCTION complaints_empty_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM complaints_rollup_month_type;
    RETURN NULL;
END $$;

-- Where TRUNCATE is allowed at all, which the trigger of the other roll-ups decides, they go too.
CREATE TRIGGER complaint_months_of_truncate
    AFTER TRUNCATE ON complaints_complaint
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_empty_months();
