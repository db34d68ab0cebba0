"""Makes a site of pages that are written as plain Markdown for a git host.

- A link to a file outside docs/ becomes a link below `servicekit_source_url`, or text if that is not set.
- A link to a directory becomes a link to the page index.md in it.
- A picture NAME.svg beside a NAME.dot is drawn from NAME.dot.
- Code in a docstring is C++.
- Links within the site are checked when the site is complete.
"""

import html.parser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.ext.graphviz import graphviz
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)


class PlainMarkdown(SphinxTransform):
    """Replaces links and pictures before Sphinx resolves them."""

    default_priority = 5

    def apply(self, **kwargs):
        self.docs = Path(self.env.srcdir).resolve()
        self.root = self.docs.parent
        self.page = Path(self.env.doc2path(self.env.docname)).resolve()
        kinds = (addnodes.pending_xref, addnodes.download_reference)
        for link in [node for node in self.document.traverse() if isinstance(node, kinds)]:
            self.replace_link(link)
        for image in self.document.traverse(nodes.image):
            self.replace_picture(image)
        for description in self.document.traverse(addnodes.desc):
            for block in description.traverse(nodes.literal_block):
                block["language"] = "cpp"

    def replace_link(self, link):
        if link.get("reftype") != "myst":
            return
        target = link["reftarget"].split("#")[0]
        if not target:
            return
        if link.get("refdomain") == "doc":  # MyST 4 has found a page, and has removed its suffix.
            path = (self.docs / f"{target}.md").resolve()
        else:
            path = (self.page.parent / target).resolve()
        if not path.exists() and self.env.docname == self.env.config.root_doc:
            # README.md is a part of the front page, and its links begin at the root directory.
            path = (self.root / target).resolve()
        if not path.exists():
            return  # Sphinx reports it.
        if not path.is_relative_to(self.docs):
            link.replace_self(self.outside_link(link, path))
        elif path.is_dir():
            index = (path / "index").relative_to(self.docs)
            page = addnodes.pending_xref(
                "",
                *(child.deepcopy() for child in link.children),
                refdoc=self.env.docname,
                refdomain="std",
                reftype="doc",
                reftarget=f"/{index}",
                refexplicit=True,
                refwarn=True,
            )
            page.source, page.line = link.source, link.line
            link.replace_self(page)

    def outside_link(self, link, path):
        content = [child.deepcopy() for child in link.children]
        url = self.env.config.servicekit_source_url
        if not url:
            return content
        place = path.relative_to(self.root)
        return nodes.reference("", "", *content, internal=False, refuri=f"{url.rstrip('/')}/{place}")

    def replace_picture(self, image):
        drawing = (self.page.parent / image["uri"]).with_suffix(".dot")
        if not image["uri"].endswith(".svg") or not drawing.is_file():
            return
        self.env.note_dependency(str(drawing))
        node = graphviz(code=drawing.read_text(), options={"docname": self.env.docname}, alt=image.get("alt", ""))
        image.parent.replace(image, node)


class Page(html.parser.HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors = set()
        self.links = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src", "data") and value:
                self.links.add(value)


def check_links(app, exception):
    if exception is not None or app.builder.format != "html":
        return
    pages = {path: Page(path.read_text()) for path in Path(app.outdir).resolve().rglob("*.html")}
    for path, page in sorted(pages.items()):
        for link in sorted(page.links):
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.exists():
                logger.warning("%s: the link %s leads nowhere", path.relative_to(app.outdir), link)
            elif url.fragment and target in pages and unquote(url.fragment) not in pages[target].anchors:
                logger.warning("%s: the link %s names an anchor that does not exist", path.relative_to(app.outdir), link)


def setup(app):
    app.add_config_value("servicekit_source_url", "", "env")
    app.add_transform(PlainMarkdown)
    app.connect("build-finished", check_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
