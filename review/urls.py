from __future__ import annotations

from django.urls import path

from review import (
    cast_views,
    delivery_views,
    embed_views,
    health_views,
    note_views,
