"""Web without the claim of an idempotency key, to show what it is for."""

from smart311.wsgi import application as application

from complaints import receipts  # isort: skip  (after the settings)

receipts.claim = lambda *_: True
