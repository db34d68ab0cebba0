"""Starts chromium without a window."""

import os
import shutil
from typing import Optional

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

BROWSER = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")

OPTIONS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def why_not() -> Optional[str]:
    """Returns what is missing for these tests; None if nothing is."""
    for what, is_there, package in [
        ("chromium", BROWSER, "chromium"),
        ("chromedriver", DRIVER, "chromium-driver"),
        ("selenium", webdriver, "python3-selenium"),
    ]:
        if not is_there:
            return f"no browser: {what} was not found (in Debian: {package})"
    return None


def start(directory: str) -> "webdriver.Chrome":
    """Starts a browser that keeps its files in the directory. Its log has what the console and the policy report."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in OPTIONS:
        options.add_argument(option)
    options.add_argument("--user-data-dir=" + os.path.join(directory, "chromium"))
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # chromium refuses to run as root with its sandbox
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(executable_path=DRIVER), options=options)
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    show(driver, width=1280, height=800)
    return driver


def show(driver: "webdriver.Chrome", *, width: int, height: int, theme: str = "light", motion: bool = False) -> None:
    """Sets the size of the window and what the user prefers."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def run_scripts(driver: "webdriver.Chrome", enabled: bool) -> None:
    """Decides whether the scripts of the next pages run."""
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not enabled})
