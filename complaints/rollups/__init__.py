"""Roll-ups: small tables of counts and durations that stay exact whatever changes complaints."""
