DROP TRIGGER complaint_events_are_append_only ON complaints_complaintevent;
DROP TRIGGER complaint_events_of_update ON complaints_complaint;
DROP TRIGGER complaint_events_of_insert ON complaints_complaint;
DROP FUNCTION complaints_keep_events();
DROP FUNCTION complaints_record_update();
DROP FUNCTION complaints_record_insert();
DROP FUNCTION complaints_current_actor();
