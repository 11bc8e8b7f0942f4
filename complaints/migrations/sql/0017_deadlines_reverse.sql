CREATE OR REPLACE FUNCTION complaints_deadline(
    due_at timestamptz, created_at timestamptz, p90_hours double precision
) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        due_at,
        CASE WHEN p90_hours < 1440 THEN created_at + p90_hours * interval '1 hour' END
    )
$$;
REINDEX INDEX complaint_open_by_deadline;
