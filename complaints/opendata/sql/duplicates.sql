-- Point staged duplicates at the complaint that they repeat. Answers how many of those are unknown.

WITH told AS MATERIALIZED (
    SELECT DISTINCT ON (s.external_id) c.id, c.duplicate_of_id, original.id AS original_id
    FROM staging s
    JOIN complaints_complaint c
        ON c.city_id = %(city)s AND c.source = %(source)s AND c.external_id = s.external_id
    LEFT JOIN complaints_complaint original
        ON original.city_id = %(city)s AND original.source = %(source)s
        AND original.external_id = s.duplicate_of AND original.id <> c.id
    WHERE s.duplicate_of IS NOT NULL AND c.observed_at <= %(observed_at)s
    ORDER BY s.external_id, s.row DESC
), linked AS (
    UPDATE complaints_complaint c SET duplicate_of_id = t.original_id, updated_at = now()
    FROM told t
    WHERE c.id = t.id AND t.original_id IS NOT NULL
        AND t.duplicate_of_id IS DISTINCT FROM t.original_id
)
SELECT count(*) FROM told WHERE original_id IS NULL;
