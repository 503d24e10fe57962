"""What somebody is in one collection, where that is more or less than what they are elsewhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from archive.models.catalogue import Collection


class CollectionRole(models.Model):
    """A person's role in a collection, in place of those of their groups: see `archive.roles`."""

    class Role(models.TextChoices):
        ARCHIVIST = "archivist", "archivist"
        RESTORER = "restorer", "restorer"
        REVIEWER = "reviewer", "reviewer"
        RESEARCHER = "researcher", "researcher"
        NONE = "none", "none: sees nothing of it"

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="roles")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collection_roles"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    given = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "collection"], name="one_role_in_a_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} in {self.collection}"
