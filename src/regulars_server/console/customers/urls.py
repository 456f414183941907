"""Addresses of the list of customers."""

from django.urls import path

from regulars_server.console.customers import views

urlpatterns = [
    path("", views.customers, name="customers"),
    path("export.csv", views.export, name="customers-export"),
]
