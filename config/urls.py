"""Which address shows what."""

from django.contrib import admin
from django.contrib.auth import views
from django.urls import include, path, re_path, reverse_lazy

from archive import webhook_views
from archive.api import token_views
from config import faults, institution_views, logging_in

urlpatterns = [
    path("admin/login/", logging_in.admin_door),
    path("admin/", admin.site.urls),
    path("login/", logging_in.Login.as_view(), name="login"),
    path("login/code/", logging_in.code, name="login-code"),
    path("login/second-step/", logging_in.enrol, name="login-enrol"),
    path("login/institution/", institution_views.begin, name="institution-begin"),
    path("login/institution/back/", institution_views.back, name="institution-back"),
    path("login/institution/leave/", institution_views.leave, name="institution-leave"),
    path("logout/", institution_views.Logout.as_view(), name="logout"),
    path("account/", logging_in.account, name="account"),
    path("account/tokens/", token_views.new, name="new-token"),
    path("account/tokens/<int:pk>/revoke/", token_views.revoke, name="revoke-token"),
    path("account/webhooks/", webhook_views.webhooks, name="webhooks"),
    path("account/webhooks/<int:pk>/", webhook_views.webhook, name="webhook"),
    path("account/webhooks/<int:pk>/try/", webhook_views.attempt, name="try-webhook"),
    path("account/webhooks/<int:pk>/end/", webhook_views.remove, name="remove-webhook"),
    path(
        "account/webhooks/<int:pk>/messages/<int:message>/again/",
        webhook_views.tell_again,
        name="tell-again",
    ),
    path(
        "account/password/",
        views.PasswordChangeView.as_view(success_url=reverse_lazy("account")),
        name="password_change",
    ),
    path("api/v1/", include("review.api.urls")),
    path("api/v1/", include("restoration.api.urls")),
    path("api/v1/", include("archive.api.urls")),
    re_path(r"^api(?:/.*)?$", faults.no_such_address, name="api-nothing"),
    path("", include("review.urls")),
    path("", include("restoration.urls")),
    path("", include("archive.urls")),
]

handler400 = faults.bad_request
handler403 = faults.forbidden
handler404 = faults.not_found
handler500 = faults.server_error
