from django.urls import path

from archive import upload_views as views

urlpatterns = [
    path("", views.upload_page, name="upload"),
    path("list/", views.upload_list, name="upload_list"),
    path("files/", views.tus_files, name="tus_files"),
    path("files/<uuid:pk>", views.tus_file, name="tus_file"),
    path("<uuid:pk>/discard/", views.upload_discard, name="upload_discard"),
    path("<uuid:pk>/retry/", views.upload_retry, name="upload_retry"),
]
