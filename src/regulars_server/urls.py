"""All addresses of the web process. `/v1/` never comes here: the front door gives it to the intake."""

from django.urls import include, path

urlpatterns = [
    path("", include("regulars_server.team.urls")),
    path("", include("regulars_server.console.urls")),
]
