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
def opened(folder=None):
    """A browser, or with a folder one that keeps there what it has; whoever has none is told how to get one."""
    programs.main(["chromium"])
    with sync_playwright() as playwright:
        options = {"executable_path": programs.find("chromium"), "args": FLAGS}
        start = playwright.chromium
        browser = start.launch_persistent_context(folder, **options) if folder else start.launch(**options)
        yield browser
        browser.close()
