"""Hostile texts as a catalogue may deliver them, and what a page or a Markdown text must not make of them."""

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

TITLES = {
    "script": 'x <script>alert(1)</script>"><img src=x onerror=alert(2)>',
    "style": "</style><style>*{background:url(http://evil.example/x)}</style>",
    "title": "</title><svg/onload=alert(1)>",
    "attribute": "\" onmouseover=alert(1) x='",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;img src=x&#x3e;",
    "template": "{{ 7 * 7 }} {% raw %}",
    "link": "[free](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example>",
    "table": "a | b | c\n|---|---|\n| `code` | **bold** |",
    "comment": "--> <!-- <plaintext>",
    "refresh": '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    "formula": '=HYPERLINK("http://evil.example";"click")',
    "terminal": "red \x1b[31m\x1b[2J\u202egnp.exe\u0000",
}
RUNNING = (
    "script",
    "iframe",
    "object",
    "embed",
    "link",
    "base",
    "form",
    "input",
    "button",
    "plaintext",
    "video",
    "audio",
)
OF_MARKDOWN = {
    "p",
    "h1",
    "h2",
    "h3",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "strong",
    "em",
    "code",
}


def parse_page(html: str) -> BeautifulSoup:
    """A page that is one file, loads nothing, runs nothing and links only within itself and to outputs beside it.

    Raises:
        AssertionError: If it is anything else.
    """
    page = BeautifulSoup(html, "html.parser")
    assert not page.find_all(RUNNING)
    for tag in page.find_all(True):
        assert not [
            name for name in tag.attrs if name.startswith("on") or name in ("srcdoc", "formaction", "srcset")
        ], tag
        assert str(tag.get("src", "data:image/")).startswith("data:image/"), tag
        target = str(tag.get("href", "#"))
        assert target.startswith(("#", "../")) or target in ("costs.html", "report.html"), tag
        assert ":" not in target, tag
    policies = page.find_all("meta", {"http-equiv": "Content-Security-Policy"})
    assert [meta["content"].split(";")[0] for meta in policies] == ["default-src 'none'"]
    assert not page.find_all("meta", {"http-equiv": "refresh"})
    assert len(page.find_all("style")) == 1
    assert "evil.example" not in page.style.text
    assert not {character for character in html if ord(character) < 32 and character not in "\n\t"}
    assert "\u202e" not in html
    return page


def parse_markdown(text: str) -> BeautifulSoup:
    """Markdown as a renderer that lets HTML through shows it.

    Raises:
        AssertionError: If it holds other markup than headings, lists, tables and emphasis.
    """
    rendered = BeautifulSoup(MarkdownIt("commonmark", {"html": True}).enable("table").render(text), "html.parser")
    assert {tag.name for tag in rendered.find_all(True)} <= OF_MARKDOWN
    assert not [tag for tag in rendered.find_all(True) if set(tag.attrs) - {"style"}]
    return rendered
