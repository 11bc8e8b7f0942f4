-- Count the promises of one week anew. Due is a promise whose range of eight in ten has passed, as
-- far as the complaint's source has been looked at since. A range that ends at the model's horizon has no
-- end: nothing was said of what comes later. An instant closing is bookkeeping.
INSERT INTO predictions_promisecount (
    city_id, model, week_on, complaint_type_id, agency_id, district_id,
    due, early, kept, late, before_median, error_seconds
)
SELECT
    %(city)s, promised_by, %(week)s, complaint_type_id, agency_id, district_id,
    count(*),
    count(*) FILTER (WHERE is_early),
    count(*) FILTER (WHERE NOT is_early AND NOT is_late),
    count(*) FILTER (WHERE is_late),
    count(*) FILTER (WHERE hours <= median),
    sum(round(abs(least(hours, p90) - median) * 3600))::bigint
FROM (
    SELECT
        p.*,
        COALESCE(hours < p10, false) AS is_early,
        p90 < horizon AND COALESCE(hours > p90, true) AS is_late
    FROM (
        SELECT
            c.promised_by, c.complaint_type_id, c.agency_id, c.district_id,
            c.promised_p10_hours AS p10,
            c.promised_median_hours AS median,
            c.promised_p90_hours AS p90,
            extract(epoch FROM c.closed_at - c.created_at)::double precision / 3600 AS hours,
            c.created_at + c.promised_p90_hours * interval '1 hour' AS due_at,
            CASE
                WHEN c.observed_at IS NULL THEN %(now)s
                ELSE max(c.observed_at) OVER (PARTITION BY c.source)
            END AS known_until,
            COALESCE((%(horizons)s::jsonb ->> c.promised_by)::double precision, 'infinity') AS horizon
        FROM complaints_complaint c
        WHERE c.city_id = %(city)s AND c.promised_by <> ''
            AND c.created_at >= %(week)s::date::timestamp AT TIME ZONE %(zone)s
            AND c.created_at < (%(week)s::date + 7)::timestamp AT TIME ZONE %(zone)s
            AND (c.closed_at IS NULL OR c.closed_at > c.created_at)
    ) p
    WHERE due_at <= least(%(now)s, known_until)
) judged
GROUP BY promised_by, complaint_type_id, agency_id, district_id
