from django.apps import AppConfig


class Smart311Config(AppConfig):
    name = "smart311"
    verbose_name = "Smart 311"
