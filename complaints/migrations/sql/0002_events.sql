-- Every change of a complaint becomes an event, in the transaction that makes it. Statement-level
-- triggers with transition tables see bulk UPDATE and COPY as well as single rows.

CREATE FUNCTION complaints_current_actor() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT NULLIF(current_setting('smart311.actor_id', true), '')::integer
$$;

CREATE FUNCTION complaints_record_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_complaintevent (complaint_id, kind, occurred_at, actor_id)
    SELECT id, 'opened', created_at, complaints_current_actor() FROM new_rows;
    INSERT INTO complaints_complaintevent (complaint_id, kind, occurred_at, actor_id)
    SELECT id, 'closed', closed_at, complaints_current_actor()
    FROM new_rows WHERE status = 'closed';
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_events_of_insert
    AFTER INSERT ON complaints_complaint
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_record_insert();

CREATE FUNCTION complaints_record_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_complaintevent (complaint_id, kind, occurred_at, actor_id)
    SELECT n.id, step.kind, step.occurred_at, complaints_current_actor()
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('assigned', now(), n.agency_id IS DISTINCT FROM o.agency_id),
        ('duplicate_linked', now(),
            n.duplicate_of_id IS NOT NULL
            AND n.duplicate_of_id IS DISTINCT FROM o.duplicate_of_id),
        ('status_changed', now(),
            n.status <> o.status AND n.status <> 'closed' AND o.status <> 'closed'),
        ('closed', n.closed_at, n.status = 'closed' AND o.status <> 'closed'),
        ('reopened', now(), n.status <> 'closed' AND o.status = 'closed'),
        ('corrected', now(),
            n.status = 'closed' AND o.status = 'closed' AND n.closed_at <> o.closed_at)
    ) AS step (kind, occurred_at, has_happened)
    WHERE step.has_happened;
    RETURN NULL;
END $$;

CREATE TRIGGER complaint_events_of_update
    AFTER UPDATE ON complaints_complaint
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_record_update();

CREATE FUNCTION complaints_keep_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events of complaints are append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER complaint_events_are_append_only
    BEFORE UPDATE OR DELETE ON complaints_complaintevent
    FOR EACH STATEMENT EXECUTE FUNCTION complaints_keep_events();
