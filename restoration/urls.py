from __future__ import annotations

from django.urls import path

from restoration import colour_views, cut_views, repair_views, viewing_views, views

urlpatterns = [
    path("work/", views.work, name="work"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel-run"),
    path("runs/<int:pk>/retry/", views.retry, name="retry-run"),
    path("reels/<int:pk>/process/", views.process_reel, name="process-reel"),
    path("scenes/<int:pk>/process/", views.process_scene, name="process-scene"),
    path("scenes/<int:pk>/split/", cut_views.split, name="split-scene"),
    path("scenes/<int:pk>/merge/", cut_views.merge, name="merge-scene"),
    path("scenes/<int:pk>/move-cut/", cut_views.move_cut, name="move-cut"),
    path("scenes/<int:pk>/check-cut/", cut_views.check, name="check-cut"),
    path("scenes/<int:pk>/describe-cut/", cut_views.describe, name="describe-cut"),
    path("scenes/<int:pk>/splice/", cut_views.mark_splice, name="mark-splice"),
    path("reels/<int:pk>/storyboard/undo/", cut_views.undo, name="undo-cut-edit"),
    path("reels/<int:pk>/storyboard/redo/", cut_views.redo, name="redo-cut-edit"),
    path("scenes/<int:pk>/frames/<int:frame>.png", viewing_views.scene_frame, name="scene-frame"),
    path("takes/<int:pk>/frames/<int:frame>.png", viewing_views.take_frame, name="take-frame"),
    path("scenes/<int:pk>/repairs/", repair_views.section, name="scene-repairs"),
    path("scenes/<int:pk>/repair-again/", repair_views.run_again, name="repair-again"),
    path("scenes/<int:pk>/protect/", repair_views.protect, name="protect-region"),
    path(
        "protected-regions/<int:pk>/remove/",
        repair_views.unprotect,
        name="remove-protected-region",
    ),
    path("takes/<int:pk>/repairs/<int:frame>.json", repair_views.of_frame, name="take-repairs"),
    path("takes/<int:pk>/repairs/decide/", repair_views.decide, name="decide-repair"),
    path(
        "repair-decisions/<int:pk>/withdraw/",
        repair_views.withdraw,
        name="withdraw-repair-decision",
    ),
    path("scenes/<int:pk>/colour/", colour_views.section, name="scene-colour"),
    path("scenes/<int:pk>/colour-again/", colour_views.run_again, name="colour-again"),
    path("scenes/<int:pk>/hints/", colour_views.paint, name="paint-hints"),
    path("scenes/<int:pk>/hints/undo/", colour_views.undo, name="undo-hint"),
    path("scenes/<int:pk>/hints/<int:hint>/withdraw/", colour_views.withdraw, name="withdraw-hint"),
    path("scenes/<int:pk>/palette/", colour_views.keep_colour, name="keep-colour"),
    path(
        "scenes/<int:pk>/palette/<int:entry>/withdraw/",
        colour_views.withdraw_colour,
        name="withdraw-colour",
    ),
    path("takes/<int:pk>/viewing/", viewing_views.viewing_state, name="take-viewing"),
    path("takes/<int:pk>/view.mp4", viewing_views.view_proxy, name="take-proxy"),
    path("takes/<int:pk>/labels.json", viewing_views.labels_index, name="take-labels-index"),
    path("takes/<int:pk>/labels.bin", viewing_views.labels, name="take-labels"),
]
