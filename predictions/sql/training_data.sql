SELECT
    t.code, a.code, NULLIF(c.descriptor, ''), NULLIF(c.channel, ''), d.code,
    COALESCE(p.code, d.code), NULLIF(c.location_type, ''), c.latitude, c.longitude,
    (extract(epoch FROM c.created_at) * 1000000)::bigint,
    (extract(epoch FROM c.closed_at) * 1000000)::bigint,
    (extract(epoch FROM c.observed_at) * 1000000)::bigint
FROM complaints_complaint c
JOIN complaints_complainttype t ON t.id = c.complaint_type_id
LEFT JOIN complaints_agency a ON a.id = c.agency_id
LEFT JOIN complaints_district d ON d.id = c.district_id
LEFT JOIN complaints_district p ON p.id = d.parent_id
WHERE c.city_id = %(city)s
    AND (c.closed_at IS NULL OR c.closed_at > c.created_at)
    AND (%(created_before)s::timestamptz IS NULL OR c.created_at < %(created_before)s)
ORDER BY c.created_at, c.id
