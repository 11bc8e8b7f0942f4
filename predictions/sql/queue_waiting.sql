-- What was filed in the last 72 hours and who of them waits, by type, agency and district.
SELECT
    complaint_type_id, agency_id, district_id,
    count(*) FILTER (WHERE is_open AND created_at > %(now)s - interval '24 hours'),
    count(*) FILTER (WHERE is_open),
    coalesce(sum(extract(epoch FROM %(now)s - created_at)::float8) FILTER (WHERE is_open), 0) / 3600,
    count(*) FILTER (WHERE created_at > %(now)s - interval '24 hours'),
    count(*) FILTER (WHERE created_at > %(now)s - interval '6 hours'),
    count(*) FILTER (WHERE is_open AND created_at > %(now)s - interval '6 hours')
FROM (
    SELECT
        complaint_type_id, agency_id, district_id, created_at,
        (observed_at IS NULL OR observed_at > %(now)s - interval '24 hours')
        AND (
            closed_at IS NULL
            -- What follows is slow, and no day has more hours.
            OR closed_at > %(now)s - interval '25 hours'
            -- Local midnight is a date without a time: told at the end of that day.
            AND CASE WHEN (closed_at AT TIME ZONE %(zone)s)::time = '00:00'
                THEN ((closed_at AT TIME ZONE %(zone)s) + interval '1 day') AT TIME ZONE %(zone)s
                ELSE closed_at
            END > %(now)s
        ) AS is_open
    FROM complaints_complaint
    WHERE city_id = %(city)s
        AND created_at > %(now)s - interval '72 hours' AND created_at < %(now)s
        AND (closed_at IS NULL OR closed_at > created_at)
) AS filed
GROUP BY complaint_type_id, agency_id, district_id
