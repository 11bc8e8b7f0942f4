-- A link to an original that is taken away again is an event too, and says which one it was.

CREATE OR REPLACE FUNCTION complaints_record_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO complaints_complaintevent (complaint_id, kind, occurred_at, actor_id, text)
    SELECT n.id, step.kind, step.occurred_at, complaints_current_actor(),
        coalesce(CASE step.kind
            WHEN 'assigned' THEN (SELECT code FROM complaints_agency WHERE id = n.agency_id)
            WHEN 'duplicate_linked' THEN
                (SELECT public_id FROM complaints_complaint WHERE id = n.duplicate_of_id)
            WHEN 'duplicate_unlinked' THEN
                (SELECT public_id FROM complaints_complaint WHERE id = o.duplicate_of_id)
            WHEN 'status_changed' THEN n.status
        END, '')
    FROM new_rows n
    JOIN old_rows o ON o.id = n.id
    CROSS JOIN LATERAL (VALUES
        ('assigned', now(), n.agency_id IS DISTINCT FROM o.agency_id),
        ('duplicate_linked', now(),
            n.duplicate_of_id IS NOT NULL
            AND n.duplicate_of_id IS DISTINCT FROM o.duplicate_of_id),
        ('duplicate_unlinked', now(), n.duplicate_of_id IS NULL AND o.duplicate_of_id IS NOT NULL),
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
