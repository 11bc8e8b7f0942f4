-- Weeks in which a promise has come due since it was last counted, or a promised complaint has changed.
SELECT date_trunc('week', c.created_at AT TIME ZONE %(zone)s)::date
FROM complaints_complaint c
WHERE c.city_id = %(city)s AND c.promised_by <> '' AND c.updated_at >= %(since)s
UNION
SELECT date_trunc('week', c.created_at AT TIME ZONE %(zone)s)::date
FROM complaints_complaint c
WHERE c.city_id = %(city)s AND c.promised_by <> ''
    -- No range is longer than a horizon: older promises came due before.
    AND c.created_at >= %(since)s::timestamptz - %(longest)s * interval '1 hour'
    AND c.created_at + c.promised_p90_hours * interval '1 hour' BETWEEN %(since)s AND %(now)s
UNION
-- Those whose chances within some hours have come due since.
SELECT date_trunc('week', c.created_at AT TIME ZONE %(zone)s)::date
FROM complaints_complaint c
WHERE c.city_id = %(city)s AND c.promised_by <> ''
    AND EXISTS (
        SELECT FROM unnest(%(within)s) AS w (hours)
        WHERE c.created_at + w.hours * interval '1 hour' BETWEEN %(since)s AND %(now)s
    )
    -- The same for the index.
    AND c.created_at >= %(since)s::timestamptz - %(longest_within)s * interval '1 hour'
ORDER BY 1
