"""The pages of the console: one package a page."""

from django.urls import include, path

from regulars_server.console.language import switch_language

urlpatterns = [
    path("", include("regulars_server.console.overview.urls")),
    path("customers/", include("regulars_server.console.customers.urls")),
    path("customers/<str:reference>/", include("regulars_server.console.customer.urls")),
    path("data/", include("regulars_server.console.data.urls")),
    path("import/", include("regulars_server.console.imports.urls")),
    path("language/", switch_language, name="language"),
]
