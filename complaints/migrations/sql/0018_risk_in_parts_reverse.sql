DROP FUNCTION complaints_likely_late_at(
    timestamptz, timestamptz, double precision, double precision, double precision
);
CREATE OR REPLACE FUNCTION complaints_hazard(
    hours double precision, p10 double precision, median double precision, p90 double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        0.10536051565782628 * least(hours, p10) / greatest(p10, 0.001)
        + 0.5877866649021191
            * least(greatest(hours - p10, 0), median - p10) / greatest(median - p10, 0.001)
        + 1.6094379124341003 * greatest(hours - median, 0) / greatest(p90 - median, 0.001)
$$;
