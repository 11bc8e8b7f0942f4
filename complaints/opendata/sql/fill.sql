-- Bring a range of staged rows into a table that holds none of them yet. Answers how many. Each
-- batch was staged in the order of filing.

WITH incoming AS (
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
    FROM incoming
    RETURNING 1
)
SELECT count(*) FROM inserted;
