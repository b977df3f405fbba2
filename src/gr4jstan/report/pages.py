"""Self-contained HTML pages: templates, and figures inside."""

import base64
from typing import Any

import jinja2
from matplotlib.figure import Figure

from gr4jstan.drawing import to_png


def render_page(template: str, **content: Any) -> str:
    """A page from one of the templates; what is put into it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gr4jstan", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)


def embed(figure: Figure) -> str:
    """A figure as the source of an image."""
    return "data:image/png;base64," + base64.b64encode(to_png(figure)).decode("ascii")
