"""What the web process's server calls: the pages, and their static files. Imported in the process that answers."""

from __future__ import annotations

import os

from django.conf import settings

from regulars_server.running.children import die_with
from regulars_server.running.static_files import StaticFiles
from regulars_server.wsgi import application as pages

die_with(os.getppid())
application = StaticFiles(pages, settings.STATIC_URL)
