"""HTML markup → spaces: tags, comments, scripts and styles go, and every word between them stays.

A `<` opens a tag only where what follows is one: a known element, or attributes with values. `a<b et c>d` and
`taille < 5 cm` are text. A tag that a length limit has cut off at the end of the text goes with its attributes.
"""

import re

_ELEMENT_NAMES = """
a abbr acronym address area article aside audio b base bdi bdo big blink blockquote body br button canvas caption
center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption
figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend
li link main map mark marquee menu meta meter nav nobr noframes noscript object ol optgroup option output p param
picture pre progress q rp rt ruby s samp script section select small source span strike strong style sub summary sup
svg table tbody td template textarea tfoot th thead time title tr track tt u ul var video wbr xml
"""
# Attributes without a value, and with one.
_FLAG_NAMES = """
allowfullscreen async checked compact controls defer disabled hidden loop muted noshade nowrap readonly selected
"""
_ATTRIBUTE_NAMES = """
align alt bgcolor border cellpadding cellspacing class color colspan data dir face height href hspace id lang name rel
role rowspan size src style target title type valign value vspace width
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset((_FLAG_NAMES + _ATTRIBUTE_NAMES).split())
_ELEMENT = "|".join(_ELEMENT_NAMES.split())
_FLAGS = "|".join(_FLAG_NAMES.split())

_NAME = r"[a-zA-Z][\w:.-]*+"
# `name=`, after any flags: the sign of attributes.
_ASSIGNMENT = rf"\s++(?:(?:{_FLAGS})\s++)*+[a-zA-Z_:@][\w:.-]*+\s*+="
# Possessive quantifiers keep hostile text linear. Quoted values may hold ">"; the second branch takes tags whose quotes
# do not match, the last but one bare elements and those of a namespace (`<o:p>`).
_TAG = re.compile(
    rf"""</[a-zA-Z][^<>]*+>"""
    rf"""|<{_NAME}{_ASSIGNMENT}\s*+(?>"[^"<]*+"|'[^'<]*+')?+[^<>=]*+(?:=\s*+(?>"[^"<]*+"|'[^'<]*+')?+[^<>=]*+)*+>"""
    rf"""|<{_NAME}{_ASSIGNMENT}[^<>]*+>"""
    rf"""|<(?:[a-zA-Z][a-zA-Z0-9]*+:[a-zA-Z]\w*+|(?:{_ELEMENT})(?![\w:.-]))(?:\s++(?:{_FLAGS}))*+\s*+/?+\s*+>"""
    r"""|<[!?][^<>]*+>""",
    re.IGNORECASE,
)
_VALUE = r"""(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>]++)"""
# A tag without ">": its whole attributes, and at the end of the text one that may lack its end.
_UNCLOSED = re.compile(
    rf"""<{_NAME}(?={_ASSIGNMENT})(?:\s++[a-zA-Z_:@][\w:.-]*+\s*+=\s*+{_VALUE}|\s++(?:{_FLAGS}))*+"""
    r"""(?:(?:\s++[a-zA-Z_:@][\w:.-]*+(?:\s*+=\s*+(?:"[^"<>]*+|'[^'<>]*+)?+)?+)?+\s*+/?+\Z)?""",
    re.IGNORECASE,
)
_CUT_NAME = re.compile(r"</?([a-zA-Z][\w:.-]*+)?+(?:\s++([a-zA-Z-]*+))?+\s*+/?+\Z")

_HIDDEN = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_HIDDEN_END = {
    "!--": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}


def strip_markup(text: str) -> str:
    """The text with a space for each tag, comment, script and style."""
    text = _TAG.sub(" ", _drop_hidden(text))
    return _drop_cut_name(_UNCLOSED.sub(" ", text)) if "<" in text else text


def _drop_hidden(text: str) -> str:
    """Drop comments, scripts and styles with their content; one that never ends is left to the tag pattern."""
    kept: list[str] = []
    position = start = 0
    # Without this, a text of nothing but openings would be searched to its end once for each.
    endless: set[str] = set()
    while opening := _HIDDEN.search(text, start):
        kind, start = opening[1].lower(), opening.end()
        closing = None if kind in endless else _HIDDEN_END[kind].search(text, start)
        if closing is None:
            endless.add(kind)
            continue
        kept += text[position : opening.start()], " "
        position = start = closing.end()
    return "".join((*kept, text[position:]))


def _drop_cut_name(text: str) -> str:
    """Drop a tag that ends the text before any value: `<`, `</di`, `<br /` or `<img sr`, but not `<b et`."""
    match = _CUT_NAME.search(text, max(text.rfind("<"), 0))
    if match is None:
        return text
    element, attribute = (name and name.lower() for name in match.groups())
    if attribute:
        is_tag = element in _ELEMENTS and any(name.startswith(attribute) for name in _ATTRIBUTES)
    else:
        is_tag = element is None or any(name.startswith(element) for name in _ELEMENTS)
    return text[: match.start()] if is_tag else text
