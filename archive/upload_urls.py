from django.urls import path

from archive import folder_upload_views as folder_views
from archive import upload_views as views

urlpatterns = [
    path("", views.upload_page, name="upload"),
    path("list/", views.upload_list, name="upload-list"),
    path("files/", views.tus_files, name="tus-files"),
    path("files/<uuid:pk>", views.tus_file, name="tus-file"),
    path("folders/", folder_views.folders, name="tus-folders"),
    path("folders/<uuid:pk>/", folder_views.folder, name="tus-folder"),
    path("folders/<uuid:pk>/<int:place>", folder_views.frame, name="tus-frame"),
    path("<uuid:pk>/discard/", views.upload_discard, name="upload-discard"),
    path("<uuid:pk>/retry/", views.upload_retry, name="upload-retry"),
]
