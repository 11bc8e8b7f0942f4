-- Staged rows that say the same as another: type, place and hour. By agency, with ids.

SELECT agency, sum(others), (array_agg(example ORDER BY example))[1:5]
FROM (
    SELECT agency, count(*) - 1 AS others, max(external_id) AS example
    FROM staging
    WHERE latitude IS NOT NULL
    GROUP BY agency, complaint_type, latitude, longitude, date_trunc('hour', created_at)
    HAVING count(*) > 1
) AS same
GROUP BY agency ORDER BY agency;
