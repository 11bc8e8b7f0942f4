-- Count anew, for the promises of one week, how likely a closing within some hours was said to be and
-- how often it came. Counted is a complaint that was filed so long ago, as far as its source has been
-- looked at since. An instant closing is bookkeeping.
INSERT INTO predictions_chancecount (
    city_id, model, week_on, within_hours, tenth, complaints, closed, said_millionths
)
SELECT
    %(city)s, promised_by, %(week)s, within_hours, least(floor(said * 10), 9),
    count(*), count(*) FILTER (WHERE hours <= within_hours), sum(round(said * 1e6))::bigint
FROM (
    SELECT
        p.promised_by, p.hours, w.within_hours,
        -- PostgreSQL makes an error of a number too small for it.
        1 - exp(greatest(-complaints_hazard(w.within_hours, p10, median, p90), -700)) AS said
    FROM (
        SELECT
            c.promised_by, c.created_at,
            c.promised_p10_hours AS p10,
            c.promised_median_hours AS median,
            c.promised_p90_hours AS p90,
            extract(epoch FROM c.closed_at - c.created_at)::double precision / 3600 AS hours,
            CASE
                WHEN c.observed_at IS NULL THEN %(now)s
                ELSE max(c.observed_at) OVER (PARTITION BY c.source)
            END AS known_until
        FROM complaints_complaint c
        WHERE c.city_id = %(city)s AND c.promised_by <> ''
            AND c.created_at >= %(week)s::date::timestamp AT TIME ZONE %(zone)s
            AND c.created_at < (%(week)s::date + 7)::timestamp AT TIME ZONE %(zone)s
            AND (c.closed_at IS NULL OR c.closed_at > c.created_at)
    ) p
    CROSS JOIN unnest(%(within)s) AS w (within_hours)
    WHERE p.created_at + w.within_hours * interval '1 hour' <= least(%(now)s, p.known_until)
) judged
GROUP BY promised_by, within_hours, least(floor(said * 10), 9)
