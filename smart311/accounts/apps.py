from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "smart311.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # Registers how keys appear in the schema.
        from smart311.accounts import schema  # noqa: F401
        from smart311.accounts.roles import make_roles

        # Django makes permissions after migrations too, so no migration could give them to roles.
        post_migrate.connect(make_roles, sender=self, dispatch_uid="accounts.make_roles")
