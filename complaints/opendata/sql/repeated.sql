-- Of staged rows with one id the last counts. Answers by agency how many that leaves out, and ids.

WITH last AS (
    SELECT external_id, max(row) AS row FROM staging GROUP BY external_id HAVING count(*) > 1
), dropped AS (
    DELETE FROM staging s USING last
    WHERE s.external_id = last.external_id AND s.row < last.row
    RETURNING s.agency, s.external_id
)
SELECT agency, count(*), (array_agg(external_id ORDER BY external_id))[1:5]
FROM dropped GROUP BY agency ORDER BY agency;
