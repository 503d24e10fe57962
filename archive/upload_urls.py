from django.urls import path

from archive import upload_views as views

urlpatterns = [
    path("", views.upload_page, name="upload"),
    path("list/", views.upload_list, name="upload-list"),
    path("files/", views.tus_files, name="tus-files"),
    path("files/<uuid:pk>", views.tus_file, name="tus-file"),
    path("<uuid:pk>/discard/", views.upload_discard, name="upload-discard"),
    path("<uuid:pk>/retry/", views.upload_retry, name="upload-retry"),
]
