-- Bring a range of staged rows into complaints: new ids are inserted, changed rows updated, rows
-- known from a later observation left alone. An open row that is seen again unchanged only learns
-- when: it is censored there. Answers one row of counts.

WITH incoming AS MATERIALIZED (
    SELECT
        s.row,
        s.public_id,
        s.external_id,
        t.id AS complaint_type_id,
        a.id AS agency_id,
        d.id AS district_id,
        COALESCE(s.descriptor, '') AS descriptor,
        COALESCE(s.location_type, '') AS location_type,
        s.status, s.created_at, s.closed_at, s.due_at,
        s.latitude, s.longitude, s.cell,
        COALESCE(s.address, '') AS address,
        COALESCE(s.zip, '') AS zip,
        COALESCE(s.channel, '') AS channel,
        COALESCE(s.resolution, '') AS resolution,
        COALESCE(s.description, '') AS description,
        COALESCE(s.public_description, '') AS public_description,
        s.is_duplicate
    FROM staging s
    JOIN staging_type t ON t.name = s.complaint_type AND t.agency IS NOT DISTINCT FROM s.agency
    LEFT JOIN staging_agency a ON a.code = s.agency
    LEFT JOIN staging_district d ON d.name = s.district_name
    WHERE s.row >= %(first)s AND s.row < %(end)s
), matched AS MATERIALIZED (
    SELECT
        i.row,
        c.id,
        c.observed_at > %(observed_at)s AS is_superseded,
        (c.complaint_type_id, c.agency_id, c.district_id, c.descriptor, c.location_type,
         c.status, c.created_at, c.closed_at, c.due_at, c.latitude, c.longitude,
         c.address, c.zip, c.channel, c.resolution, c.description, c.is_duplicate)
        IS DISTINCT FROM
        (i.complaint_type_id, i.agency_id, i.district_id, i.descriptor, i.location_type,
         i.status::varchar, i.created_at, i.closed_at, i.due_at, i.latitude, i.longitude,
         i.address, i.zip, i.channel, i.resolution, i.description, i.is_duplicate) AS is_changed,
        c.status <> 'closed' AND c.observed_at < %(observed_at)s AS is_seen_again
    FROM incoming i
    JOIN complaints_complaint c
        ON c.city_id = %(city)s AND c.source = %(source)s AND c.external_id = i.external_id
), updated AS (
    UPDATE complaints_complaint c SET
        complaint_type_id = i.complaint_type_id, agency_id = i.agency_id,
        district_id = i.district_id, descriptor = i.descriptor,
        location_type = i.location_type, status = i.status, created_at = i.created_at,
        closed_at = i.closed_at, due_at = i.due_at, latitude = i.latitude,
        longitude = i.longitude, cell = i.cell, address = i.address, zip = i.zip,
        channel = i.channel, resolution = i.resolution, description = i.description,
        public_description = i.public_description, redaction = %(redaction)s,
        is_duplicate = i.is_duplicate, observed_at = %(observed_at)s,
        updated_at = CASE WHEN m.is_changed THEN now() ELSE c.updated_at END
    FROM matched m
    JOIN incoming i ON i.row = m.row
    WHERE c.id = m.id AND (m.is_changed OR m.is_seen_again) AND NOT m.is_superseded
    RETURNING m.is_changed
), fresh AS (
    SELECT *
    FROM incoming i
    WHERE NOT EXISTS (SELECT FROM matched m WHERE m.row = i.row)
    ORDER BY created_at, external_id
), inserted AS (
    INSERT INTO complaints_complaint (
        public_id, city_id, source, external_id, complaint_type_id, agency_id, district_id,
        descriptor, location_type, description, status, created_at, closed_at, due_at, observed_at,
        latitude, longitude, cell, address, zip, channel, resolution, is_duplicate, promised_by,
        public_description, redaction)
    SELECT
        public_id, %(city)s, %(source)s, external_id, complaint_type_id,
        agency_id, district_id, descriptor, location_type, description, status, created_at,
        closed_at, due_at, %(observed_at)s, latitude, longitude, cell, address, zip, channel,
        resolution, is_duplicate, '', public_description, %(redaction)s
    FROM fresh
    RETURNING 1
)
SELECT
    (SELECT count(*) FROM inserted),
    (SELECT count(*) FROM updated WHERE is_changed),
    (SELECT count(*) FROM matched WHERE is_superseded),
    (SELECT count(*) FROM incoming);
