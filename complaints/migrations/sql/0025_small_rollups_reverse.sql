CREATE OR REPLACE FUNCTION complaints_empty_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM complaints_rollup_month_type;
    RETURN NULL;
END $$;
DROP TABLE complaints_rollup_day_type_agency_channel;
DROP TABLE complaints_rollup_day_district;
DROP TABLE complaints_rollup_day_agency;
DROP TABLE complaints_rollup_month_district;
DROP TABLE complaints_rollup_month_agency_channel;
