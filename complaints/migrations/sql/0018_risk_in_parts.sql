-- The same hazard from segments of at least a millihour each, so that it can be turned around.
CREATE OR REPLACE FUNCTION complaints_hazard(
    hours double precision, p10 double precision, median double precision, p90 double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        0.10536051565782628
            * least(hours, greatest(p10, 0.001)) / greatest(p10, 0.001)
        + 0.5877866649021191
            * least(greatest(hours - greatest(p10, 0.001), 0), greatest(median - p10, 0.001))
            / greatest(median - p10, 0.001)
        + 1.6094379124341003
            * greatest(hours - greatest(p10, 0.001) - greatest(median - p10, 0.001), 0)
            / greatest(p90 - median, 0.001)
$$;

-- From when on a complaint that still waits is more likely than not to miss its deadline: ln 2 of
-- the hazard is left until then, of ln 10 in all where p90 is the deadline. Null where nothing was
-- promised. It stays the same as time goes by, so an index finds the few that are in danger. It calls
-- no other function of ours: PostgreSQL makes indexes with a search path that knows none.
CREATE FUNCTION complaints_likely_late_at(
    due_at timestamptz, created_at timestamptz,
    p10 double precision, median double precision, p90 double precision
) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- The three segments of complaints_hazard: their lengths in hours, and their hazards.
    first double precision := greatest(p10, 0.001);
    second double precision := greatest(median - p10, 0.001);
    third double precision := greatest(p90 - median, 0.001);
    first_hazard CONSTANT double precision := 0.10536051565782628;
    second_hazard CONSTANT double precision := 0.5877866649021191;
    third_hazard CONSTANT double precision := 1.6094379124341003;
    until double precision := third_hazard;
    hours double precision;
BEGIN
    IF p90 IS NULL OR due_at IS NULL AND p90 >= 1440 THEN
        RETURN NULL;
    END IF;
    IF due_at IS NOT NULL THEN
        hours := greatest(date_part('epoch', due_at - created_at) / 3600, 0);
        until := greatest(
            first_hazard * least(hours, first) / first
            + second_hazard * least(greatest(hours - first, 0), second) / second
            + third_hazard * greatest(hours - first - second, 0) / third
            - ln(2::double precision), 0);
    END IF;
    -- The same segments the other way round: from hazard to hours.
    RETURN created_at + interval '1 hour' * (
        first * least(until / first_hazard, 1)
        + second * least(greatest(until - first_hazard, 0) / second_hazard, 1)
        + third * greatest(until - first_hazard - second_hazard, 0) / third_hazard);
END
$$;
