-- What closed in the last 72 hours, the last first: type, district, hours to close.
SELECT
    complaint_type_id, district_id, extract(epoch FROM closed_at - created_at)::float8 / 3600
FROM (
    SELECT
        complaint_type_id, district_id, created_at, closed_at,
        -- Local midnight is a date without a time: told at the end of that day.
        CASE WHEN (closed_at AT TIME ZONE %(zone)s)::time = '00:00'
            THEN ((closed_at AT TIME ZONE %(zone)s) + interval '1 day') AT TIME ZONE %(zone)s
            ELSE closed_at
        END AS seen_at
    FROM complaints_complaint
    WHERE city_id = %(city)s AND closed_at > created_at
        -- Some are told a day late, and a day may have 25 hours.
        AND closed_at > %(now)s - interval '97 hours' AND closed_at <= %(now)s
) AS told
WHERE seen_at > %(now)s - interval '72 hours' AND seen_at <= %(now)s
ORDER BY seen_at DESC, closed_at DESC, created_at DESC
