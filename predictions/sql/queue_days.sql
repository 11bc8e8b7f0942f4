-- Of the last days, the nearest first: was anything filed in it?
SELECT EXISTS (
    SELECT FROM complaints_complaint
    WHERE city_id = %(city)s
        AND created_at <= %(now)s - (day - 1) * interval '24 hours'
        AND created_at > %(now)s - day * interval '24 hours'
        -- A filing at this very moment is not yet part of the past.
        AND created_at < %(now)s
        AND (closed_at IS NULL OR closed_at > created_at)
)
FROM generate_series(1, %(days)s) AS day
ORDER BY day
