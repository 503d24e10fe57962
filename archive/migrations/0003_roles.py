"""The five roles are django groups; what each may do is said in the permissions modules."""

from __future__ import annotations

from typing import Any

from django.db import migrations

ROLES = ("archivist", "restorer", "reviewer", "researcher", "operator")


def make_roles(apps: Any, schema_editor: Any) -> None:
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for role in ROLES:
        groups.get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0002_guard_events"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
