-- Who waits: open complaints filed in the last 72 hours, by type, agency and district.
SELECT
    complaint_type_id, agency_id, district_id,
    count(*) FILTER (WHERE created_at > %(now)s - interval '24 hours'),
    count(*),
    sum(extract(epoch FROM %(now)s - created_at)::float8) / 3600
FROM complaints_complaint
WHERE city_id = %(city)s
    AND created_at > %(now)s - interval '72 hours' AND created_at < %(now)s
    AND (closed_at IS NULL OR closed_at > created_at)
    AND (observed_at IS NULL OR observed_at > %(now)s - interval '24 hours')
    AND COALESCE(
        -- Local midnight is a date without a time: told at the end of that day.
        CASE WHEN (closed_at AT TIME ZONE %(zone)s)::time = '00:00'
            THEN ((closed_at AT TIME ZONE %(zone)s) + interval '1 day') AT TIME ZONE %(zone)s
            ELSE closed_at
        END,
        'infinity'
    ) > %(now)s
GROUP BY complaint_type_id, agency_id, district_id
