"""Addresses of one customer's pages."""

from django.urls import path

from regulars_server.console.customer import merging, views

urlpatterns = [
    path("", views.customer, name="customer"),
    path("timeline/", views.timeline, name="customer-timeline"),
    path("notes/", views.note, name="customer-note"),
    path("merge/", merging.merge, name="customer-merge"),
    path("unmerge/", merging.unmerge, name="customer-unmerge"),
]
