"""Addresses of the overview."""

from django.urls import path

from regulars_server.console.overview import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("overview/live/", views.live, name="overview-live"),
    path("overview/<str:folder>/<str:name>.svg", views.chart, name="overview-chart"),
]
