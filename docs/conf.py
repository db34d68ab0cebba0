"""The site of the documentation. scripts/build-docs makes it.

The pages are plain Markdown, so that they read well on a git host, too. What the site needs beyond that is in
docs/site.
"""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS / "site"))

project = "servicekit"
author = "the authors of servicekit"
html_title = "servicekit"

extensions = ["myst_parser", "breathe", "sphinx.ext.graphviz", "header_pages", "markdown_pages"]
exclude_patterns = ["site"]

# Where files outside docs/ can be read: "https://host/servicekit/blob/main". Links to them are plain text without it.
servicekit_source_url = os.environ.get("SERVICEKIT_SOURCE_URL", "")

# Links such as guide.md#a-test, with the anchors that git hosts make.
myst_heading_anchors = 4
# A link with a wrong target must not find a C++ symbol of that name.
myst_ref_domains = ["std"]

breathe_projects = {"servicekit": str(ROOT / "build" / "docs" / "doxygen" / "xml")}
breathe_default_project = "servicekit"
breathe_default_members = ("members", "protected-members")
breathe_show_include = False

graphviz_output_format = "svg"

highlight_language = "none"
primary_domain = "cpp"

html_theme = "furo"
html_static_path = ["site/static"]
html_css_files = ["style.css"]
# The colours of furo in the dark, which Debian's package lacks.
html_theme_options = {
    "dark_css_variables": {
        "color-problematic": "#ee5151",
        "color-foreground-primary": "#ffffffcc",
        "color-foreground-secondary": "#9ca0a5",
        "color-foreground-muted": "#81868d",
        "color-foreground-border": "#666666",
        "color-background-primary": "#131416",
        "color-background-secondary": "#1a1c1e",
        "color-background-hover": "#1e2124ff",
        "color-background-hover--transparent": "#1e212400",
        "color-background-border": "#303335",
        "color-background-item": "#444",
        "color-brand-primary": "#2b8cee",
        "color-brand-content": "#368ce2",
        "color-highlighted-background": "#083563",
        "color-highlight-on-target": "#333300",
        "color-admonition-background": "#18181a",
        "color-card-background": "#18181a",
    },
}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
