-- PostgreSQL vacuums after a fifth of a table has changed and looks at its values anew after a tenth:
-- of ten million complaints that is a hundred days of filings, for which the planner takes the
-- newest days for empty. Here: after a hundredth, about ten days.

ALTER TABLE complaints_complaint SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.01
);
ALTER TABLE complaints_complaintevent SET (
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.01
);
