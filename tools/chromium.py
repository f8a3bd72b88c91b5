"""Chromium, opened by a program: to print the book, and to measure its pages."""

import contextlib

from playwright.sync_api import sync_playwright

from tools import programs

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def opened():
    """A browser; whoever has none is told how to get one."""
    programs.main(["chromium"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.find("chromium"), args=FLAGS)
        yield browser
        browser.close()
