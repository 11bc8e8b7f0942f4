-- Of staged rows with one id the last counts. Answers how many that leaves out.

WITH last AS (
    SELECT external_id, max(row) AS row FROM staging GROUP BY external_id HAVING count(*) > 1
), dropped AS (
    DELETE FROM staging s USING last
    WHERE s.external_id = last.external_id AND s.row < last.row
    RETURNING 1
)
SELECT count(*) FROM dropped;
