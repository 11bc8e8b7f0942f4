CREATE TEMPORARY TABLE staging_agency (code text PRIMARY KEY, id bigint NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE staging_type (name text, agency text, id bigint NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE staging_district (name text PRIMARY KEY, id bigint NOT NULL) ON COMMIT DROP;
