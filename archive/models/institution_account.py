from __future__ import annotations

from django.conf import settings
from django.db import models


class InstitutionAccount(models.Model):
    """Whom an institution knows as this user: by issuer and subject, which never change hands.

    Written by `config.institution` when somebody logs in for the first time, or by an administrator
    who joins an account that there is. An address of electronic mail joins nothing.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="institution_account"
    )
    issuer = models.CharField(max_length=300, help_text="Its address, as OIDC_ISSUER")
    subject = models.CharField(max_length=255, help_text="The claim sub: its own number for them")
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["issuer", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_user_a_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"
