"""The files that reports are made with that are no Python: templates, style sheet, published figures."""

from rakuten.pages.template_files import OwnFiles

OWN_FILES = OwnFiles(package="reporting")
