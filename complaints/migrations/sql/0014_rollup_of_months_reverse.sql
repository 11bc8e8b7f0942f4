DROP TRIGGER complaint_months_of_truncate ON complaints_complaint;
DROP FUNCTION complaints_empty_months();
DROP TABLE complaints_rollup_month_type;
