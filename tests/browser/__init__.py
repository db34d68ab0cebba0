"""Tests of the pages of `servicectl web` in a real browser: chromium, driven by chromedriver."""
