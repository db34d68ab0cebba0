"""The directive `header`: all that a public header declares, in the order of the header.

It makes a directive of Breathe for each class, function and so on. Breathe's own directive for files declares the
namespace again for each file. It is an error if docs/api lacks a header, or has one twice.
"""

import functools
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

DIRECTIVES = {
    "class": "doxygenclass",
    "struct": "doxygenstruct",
    "enum": "doxygenenum",
    "function": "doxygenfunction",
    "typedef": "doxygentypedef",
    "variable": "doxygenvariable",
}


def text_of(node):
    return "" if node is None else " ".join("".join(node.itertext()).split())


class Xml:
    """What Doxygen wrote."""

    def __init__(self, directory):
        self.directory = Path(directory)

    @functools.lru_cache(maxsize=None)
    def compound(self, refid):
        return ElementTree.parse(self.directory / f"{refid}.xml").getroot().find("compounddef")

    @functools.lru_cache(maxsize=None)
    def compounds(self, kind):
        index = ElementTree.parse(self.directory / "index.xml").getroot()
        return [self.compound(entry.get("refid")) for entry in index if entry.get("kind") == kind]

    def files(self):
        return {file.find("location").get("file"): file for file in self.compounds("file")}

    def declarations(self, file):
        """Yields line, kind and name of what the file declares, except for members of its classes."""
        inner_classes = list(file.iter("innerclass"))
        for inner in inner_classes:
            compound = self.compound(inner.get("refid"))
            outer = inner.text.split("<")[0].rpartition("::")[0]
            if not any(other.text == outer for other in inner_classes):
                yield int(compound.find("location").get("line")), compound.get("kind"), inner.text
        for namespace in self.compounds("namespace"):
            for member in namespace.iter("memberdef"):
                location = member.find("location")
                if location.get("file") != file.find("location").get("file"):
                    continue
                name = f"{namespace.find('compoundname').text}::{member.find('name').text}"
                if member.get("kind") == "function":
                    name += text_of(member.find("argsstring"))
                yield int(location.get("line")), member.get("kind"), name

    def join_groups(self):
        """Moves the members between ///@{ and ///@} to the other members of their kind."""
        for path in self.directory.glob("*.xml"):
            tree = ElementTree.parse(path)
            compound = tree.getroot().find("compounddef")
            groups = [] if compound is None else compound.findall("sectiondef[@kind='user-defined']")
            for group in groups:
                for member in group.findall("memberdef"):
                    self.section_for(member, compound).append(member)
                compound.remove(group)
            if not groups:
                continue
            for section in compound.findall("sectiondef"):
                section[:] = sorted(section, key=lambda member: int(member.find("location").get("line")))
            tree.write(path)

    @staticmethod
    def section_for(member, compound):
        static = "static-" if member.get("static") == "yes" else ""
        kind = {"function": "func", "variable": "attrib"}.get(member.get("kind"), "type")
        name = f"{member.get('prot')}-{static}{kind}"
        found = compound.find(f"sectiondef[@kind='{name}']")
        if found is None:
            found = ElementTree.Element("sectiondef", kind=name)
            compound.insert(list(compound).index(compound.find("sectiondef")), found)
        return found


@functools.lru_cache(maxsize=None)
def xml_of(config):
    return Xml(config.breathe_projects[config.breathe_default_project])


class Header(SphinxDirective):
    """The documentation of one header."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        xml = xml_of(self.config)
        file = xml.files().get(name)
        if file is None:
            raise self.error(f"Doxygen does not know the header {name}")
        lines = []
        for kind in ("briefdescription", "detaileddescription"):
            lines += [text_of(file.find(kind)), ""]
        for _, kind, symbol in sorted(xml.declarations(file)):
            lines += [f"```{{{DIRECTIVES[kind]}}} {symbol}", "```", ""]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=self.env.doc2path(self.env.docname)), 0, container)
        return container.children


def begin(app):
    xml_of(app.config).join_groups()

    include = Path(app.srcdir).parent / "include"
    headers = {str(path.relative_to(include)) for path in include.rglob("*.hpp")}
    shown = []
    for page in sorted((Path(app.srcdir) / "api").glob("*.md")):
        shown += re.findall(r"^```\{header\} (\S+)$", page.read_text(), re.MULTILINE)
    for header in sorted(headers - set(shown)):
        logger.warning("no page in docs/api has the header %s", header)
    for header in sorted({header for header in shown if shown.count(header) > 1}):
        logger.warning("docs/api has the header %s more than once", header)


def setup(app):
    app.add_directive("header", Header)
    app.connect("builder-inited", begin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
