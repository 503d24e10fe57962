"""Which address shows what."""

from django.contrib import admin
from django.contrib.auth import views
from django.urls import include, path, reverse_lazy

from config import logging_in

urlpatterns = [
    path("admin/login/", logging_in.admin_door),
    path("admin/", admin.site.urls),
    path("login/", logging_in.Login.as_view(), name="login"),
    path("login/code/", logging_in.code, name="login-code"),
    path("login/second-step/", logging_in.enrol, name="login-enrol"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("account/", logging_in.account, name="account"),
    path(
        "account/password/",
        views.PasswordChangeView.as_view(success_url=reverse_lazy("account")),
        name="password_change",
    ),
    path("", include("review.urls")),
    path("", include("restoration.urls")),
    path("", include("archive.urls")),
]
