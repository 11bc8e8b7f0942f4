DROP FUNCTION complaints_hazard(
    double precision, double precision, double precision, double precision
);
DROP FUNCTION complaints_deadline(timestamptz, timestamptz, double precision);
