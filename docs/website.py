"""What the site has that is no file of docs/: MkDocs calls these functions while it builds.

Files of the repository that are pages here (the README is the front page), the API module by
module, the study's own page where a run has made it, and links that lead where things are on
the site.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File, InclusionLevel

ROOT = Path(__file__).parents[1]
PAGE = "results/report/index.html"
# Files outside docs/ that are pages of the site.
PAGES = {
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "results/README.md": "results.md",
    "CHANGELOG.md": "changelog.md",
}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)")
STUDY = """# The study's page

{what}

`make figures` makes it, or in the environment `snakemake --cores 8 page`; with
`--configfile config/smoke.yaml` in some six minutes that of the small study. It is one file,
`results/report/index.html`, that asks for no network: verdicts by condition, the evidence of each
claim, information planes to play, and the audit of the estimators.
"""
THERE = "[Open the page of the run that this site was built beside](report/index.html)."
ABSENT = "This site was built where no run had made the page. `make docs` after a run takes it in."
API = """# API

What `import infoplane` reaches, and every module of the library.

{names}
{modules}
"""


def modules() -> list[str]:
    """Return the library's public modules, those that are packages before what is in them."""
    files = sorted((ROOT / "src/infoplane").rglob("*.py"))
    names = [file.relative_to(ROOT / "src").with_suffix("").parts for file in files]
    names = sorted(name[:-1] if name[-1] == "__init__" else name for name in names)
    return [".".join(name) for name in names if not any(part[0] == "_" for part in name)]


def api() -> str:
    """Return the page of the API, whose blocks are filled in from docstrings."""
    import infoplane

    names = [
        f"- [`infoplane.{name}`][{home}.{name}]\n"
        for name, home in infoplane._HOMES.items()
        if name in infoplane.__all__
    ]
    return API.format(
        names="".join(names), modules="\n".join(f"\n::: {name}\n" for name in modules())
    )


def on_config(config):
    """Put pages of docs/ that the navigation does not name under a heading of their own."""
    named = set(re.findall(r"'([\w/]+\.md)'", repr(config.nav)))
    rest = sorted(path.name for path in (ROOT / "docs").glob("*.md") if path.name not in named)
    if rest:
        config.nav = [*config.nav, {"More": rest}]
    return config


def on_files(files, config):
    """Add the pages and files that are not in docs/."""
    for origin, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / origin).read_text("utf-8")))
    made = (ROOT / PAGE).is_file()
    study = STUDY.format(what=THERE if made else ABSENT)
    files.append(File.generated(config, "study.md", content=study))
    files.append(File.generated(config, "api.md", content=api()))
    if made:
        files.append(File.generated(config, "report/index.html", abs_src_path=str(ROOT / PAGE)))
    for page in list(files.documentation_pages()):
        for _, link in LINK.findall(page.content_string):
            target = _in_repository(page.src_uri, link)
            new = _on_site(target)
            if files.get_file_from_path(new) is None and (ROOT / target).is_file():
                files.append(
                    File.generated(
                        *(config, new),
                        abs_src_path=str(ROOT / target),
                        # Also what exclude_docs leaves out of docs/.
                        inclusion=InclusionLevel.INCLUDED,
                    )
                )
    return files


def on_page_markdown(markdown, page, config, files):
    """Turn links between files of the repository into links between pages of the site."""
    uri = page.file.src_uri

    def moved(match):
        target = _in_repository(uri, match[2])
        if not (ROOT / target).exists():
            return match[0]
        return match[1] + posixpath.relpath(_on_site(target), posixpath.dirname(uri) or ".")

    return LINK.sub(moved, markdown)


def _in_repository(page: str, link: str) -> str:
    """Return where in the repository a link of a page leads."""
    origin = {page: origin for origin, page in PAGES.items()}.get(page, f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))


def _on_site(target: str) -> str:
    """Return where a file of the repository is on the site."""
    if target in PAGES:
        return PAGES[target]
    return target.removeprefix("docs/") if target.startswith("docs/") else f"repository/{target}"
