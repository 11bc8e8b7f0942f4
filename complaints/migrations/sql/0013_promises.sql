-- Until when a complaint should be closed, and how likely it still waits after so many hours.

-- Immutable in truth: an interval of hours means the same in every zone, though PostgreSQL cannot
-- know that of an interval. 1440 hours is as far as models speak: a range that ends there has no end.
CREATE FUNCTION complaints_deadline(
    due_at timestamptz, created_at timestamptz, p90_hours double precision
) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        due_at,
        CASE WHEN p90_hours < 1440 THEN created_at + p90_hours * interval '1 hour' END
    )
$$;

-- −ln P(still open after `hours`), from the promised quantiles: a constant hazard between 0, p10,
-- the median and p90, and after p90 the last one goes on. ln 0.9, 0.5/0.9 and 0.1/0.5.
CREATE FUNCTION complaints_hazard(
    hours double precision, p10 double precision, median double precision, p90 double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        0.10536051565782628 * least(hours, p10) / greatest(p10, 0.001)
        + 0.5877866649021191
            * least(greatest(hours - p10, 0), median - p10) / greatest(median - p10, 0.001)
        + 1.6094379124341003 * greatest(hours - median, 0) / greatest(p90 - median, 0.001)
$$;
