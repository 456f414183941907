"""Addresses of imports."""

from django.urls import path

from regulars_server.console.imports import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("upload/", views.upload, name="import-upload"),
    path("loads/<str:name>/undo/", views.undo, name="import-undo"),
    path("<str:token>/", views.one, name="import-one"),
    path("<str:token>/meaning/", views.meaning, name="import-meaning"),
    path("<str:token>/run/", views.run, name="import-run"),
    path("<str:token>/cancel/", views.cancel, name="import-cancel"),
    path("<str:token>/discard/", views.discard, name="import-discard"),
    path("<str:token>/progress/", views.progress, name="import-progress"),
]
