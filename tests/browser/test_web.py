"""`servicectl web` in a real browser."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from typing import List, Optional

from . import chromium, machine
from .machine import wait_for

try:
    from selenium.common.exceptions import NoAlertPresentException, StaleElementReferenceException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
except ImportError:
    pass

WHY_NOT = chromium.why_not()


class WebTest(unittest.TestCase):
    """One browser for all tests of a class; services and a `servicectl web` for each test."""

    @classmethod
    def setUpClass(cls) -> None:
        if WHY_NOT:
            raise unittest.SkipTest(WHY_NOT)
        cls.browser_directory = tempfile.mkdtemp(prefix="browser-")
        cls.addClassCleanup(shutil.rmtree, cls.browser_directory, ignore_errors=True)
        cls.driver = chromium.start(cls.browser_directory)
        cls.addClassCleanup(cls.driver.quit)

    def setUp(self) -> None:
        self.machine = machine.Machine()
        self.addCleanup(self.machine.close)
        # Pages must be gone before the server is: it waits for nobody.
        self.addCleanup(self.driver.get, "about:blank")
        self.driver.delete_all_cookies()
        self.driver.get_log("browser")
        chromium.show(self.driver, width=1280, height=800)
        chromium.run_scripts(self.driver, enabled=True)

    # Pages

    def open(self, path: str = "/") -> None:
        self.driver.get(self.address + path)

    def serve(self, *options: str, token: str = machine.TOKEN) -> None:
        """Starts `servicectl web` and logs in."""
        self.address = self.machine.web(*options)
        self.open("/")
        self.log_in(token)

    def log_in(self, token: str) -> None:
        self.find("#token").send_keys(token, Keys.ENTER)
        wait_for(lambda: not self.all("#token"), "the log-in")

    def find(self, selector: str):
        """Waits for the element."""
        return wait_for(lambda: next(iter(self.all(selector)), None), f"an element {selector}")

    def all(self, selector: str) -> List[object]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text_of(self, selector: str) -> str:
        """Returns the text that is shown, on one line."""
        # The script may replace the element between the two calls.
        while True:
            try:
                return " ".join(self.find(selector).text.split())
            except StaleElementReferenceException:
                pass

    def content_of(self, selector: str) -> str:
        """Returns the text of the element, with the parts that are not shown."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def wait_for_text(self, selector: str, text: str) -> None:
        try:
            wait_for(lambda: text in self.text_of(selector), f"{text!r} in {selector}")
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.text_of(selector)!r}") from None

    def wait_until_live(self) -> None:
        self.wait_for_text("#connection", "Live")

    def open_details(self) -> None:
        self.driver.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    # Checks

    def complaints(self) -> List[str]:
        """Returns what the browser has logged: violations of the policy, errors of scripts, missing files."""
        logged = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "DEBUG"]
        # The page that asks for the token has this status.
        return [message for message in logged if "401 (Unauthorized)" not in message]

    def assert_nothing_ran(self) -> None:
        with self.assertRaises(NoAlertPresentException):
            self.driver.switch_to.alert.accept()
        self.assertIsNone(self.driver.execute_script("return window.taken ?? null"))
        self.assertEqual(self.complaints(), [])

    def assert_readable(self) -> None:
        """Checks what a user with a keyboard or a screen reader needs."""
        self.assertEqual(self.driver.execute_script(ACCESSIBILITY), [])


# What axe-core would find in these pages, made by hand: it returns a list of faults.
ACCESSIBILITY = r"""
const faults = [];
const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
const idsIn = (element, attribute) => (element.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean);
const nameOf = (element) =>
  (element.getAttribute('aria-label') ?? '').trim() ||
  idsIn(element, 'aria-labelledby').map((id) => document.getElementById(id)?.textContent ?? '').join('').trim() ||
  [...(element.labels ?? [])].map((label) => label.textContent).join('').trim() || element.textContent.trim();

if (!document.documentElement.lang) faults.push('no language');
if (!document.title) faults.push('no title');
for (const landmark of ['header', 'main', 'footer'])
  if (document.querySelectorAll(`body > ${landmark}`).length !== 1) faults.push(`not one ${landmark}`);
if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
let level = 1;
for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) faults.push(`a level of headings is left out before ${heading.textContent}`);
  level = next;
}
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`the id ${id} twice`);
for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls]'))
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls'])
    for (const id of idsIn(element, attribute))
      if (!document.getElementById(id)) faults.push(`${attribute} without ${id}`);
const named = 'a, button, input:not([type=hidden]), select, textarea, progress, summary, nav, section, ' +
  '[role=img], [role=log], [role=group]';
for (const element of document.querySelectorAll(named))
  if (!nameOf(element)) faults.push(`no name: ${element.outerHTML.slice(0, 200)}`);
for (const heading of document.querySelectorAll('th'))
  if (!heading.scope) faults.push(`no scope: ${heading.textContent}`);
for (const element of document.querySelectorAll('[style], [tabindex]')) {
  if (element.hasAttribute('style')) faults.push('an attribute style');
  if (Number(element.getAttribute('tabindex')) > 0) faults.push('an order of its own');
}
const isCut = (element) =>
  element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
for (const element of document.querySelectorAll('pre, .log, .items, .table'))
  if (isShown(element) && isCut(element) && getComputedStyle(element).overflow !== 'visible' && element.tabIndex < 0)
    faults.push(`scrolls, but not by keyboard: ${element.className}`);
if (document.documentElement.scrollWidth > innerWidth) faults.push('the page scrolls sideways');

// Contrast of texts (WCAG 2.1, 1.4.3).
const channelsOf = (color) => {
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return { red, green, blue, alpha };
};
const luminanceOf = ({ red, green, blue }) => {
  const linear = (channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
};
const backgroundOf = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const color = channelsOf(getComputedStyle(one).backgroundColor);
    if (color.alpha === 1) return color;
  }
  return { red: 255, green: 255, blue: 255 };
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.textContent.trim() || !isShown(element)) continue;
  if (element.closest('noscript, .unseen, :disabled')) continue;
  const [one, other] = [luminanceOf(channelsOf(getComputedStyle(element).color)), luminanceOf(backgroundOf(element))];
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 200)}`);
}
return faults;
"""


class ListTest(WebTest):
    def test_shows_services_and_keeps_up(self) -> None:
        self.machine.start("greeter", "one")
        self.serve()
        self.wait_until_live()
        self.wait_for_text("#row-one", "running")
        self.wait_for_text("#row-one", "ready")

        self.machine.start("greeter", "two")
        self.wait_for_text("#services", "two")
        self.wait_for_text("#counts", "2 in all")
        self.machine.run("servicectl", "stop", "one")
        self.wait_for_text("#row-one", "stopped")
        wait_for(lambda: "one is stopped" in self.content_of("#announcer"), "the announcement")
        self.assertEqual(self.complaints(), [])

    def test_sorts_and_filters(self) -> None:
        for name in ("alpha", "beta", "gamma"):
            self.machine.start("greeter", name)
        self.serve()
        wait_for(lambda: len(self.all("#services tr")) == 3, "three services")

        def names() -> List[str]:
            return self.driver.execute_script(
                "return [...document.querySelectorAll('#services tr')].filter((row) => !row.hidden)"
                ".map((row) => row.querySelector('a').textContent)"
            )

        self.assertEqual(names(), ["alpha", "beta", "gamma"])
        header = self.find("th[data-sort]")
        self.assertEqual(header.get_attribute("aria-sort"), "ascending")
        self.find("th[data-sort] button").click()
        self.assertEqual(names(), ["gamma", "beta", "alpha"])
        self.assertEqual(header.get_attribute("aria-sort"), "descending")

        self.find("#filter-text").send_keys("ga")
        wait_for(lambda: names() == ["gamma"], "the filter")
        # The order and the filter outlive an update and a visit of another page.
        self.machine.start("greeter", "garden")
        wait_for(lambda: names() == ["garden", "gamma"], "the new service in its place")
        self.open("/")
        self.assertEqual(self.find("#filter-text").get_attribute("value"), "ga")

        self.find("#filter-text").send_keys(Keys.BACKSPACE, Keys.BACKSPACE)
        self.machine.run("servicectl", "stop", "beta")
        wait_for(lambda: "stopped" in self.text_of("#row-beta"), "the end of a service")
        ended = self.find("button[data-filter=ended]")
        ended.click()
        self.assertEqual(names(), ["beta"])
        self.assertEqual(ended.get_attribute("aria-pressed"), "true")
        ended.click()
        self.assertEqual(len(names()), 4)

    def test_an_update_keeps_the_focus(self) -> None:
        self.machine.start("greeter", "one")
        self.serve()
        self.wait_until_live()
        link = self.find("#row-one a")
        self.driver.execute_script("arguments[0].focus()", link)
        before = self.text_of("#row-one")
        wait_for(lambda: self.text_of("#row-one") != before, "an update")
        self.assertEqual(self.driver.switch_to.active_element, link)

    def test_draws_the_requests_of_a_service(self) -> None:
        self.machine.start("greeter", "one")
        self.serve()
        self.wait_until_live()

        def rate() -> float:
            text = self.content_of("#row-one .trend > span")
            return float(text) if text.strip("–") else 0.0

        def peak() -> float:
            """Returns how far the line goes up. The drawing is 24 high, and has 0 at its top."""
            path = self.driver.execute_script(
                "return document.querySelector('#row-one .trend path.line')?.getAttribute('d') ?? ''"
            )
            heights = [float(y) for y in re.findall(r"[ML][\d.]+[ ,]([\d.]+)", path)]
            return 24 - min(heights) if heights else 0.0

        def is_drawn() -> bool:
            for _ in range(20):
                self.machine.run("servicectl", "status", "one")
            return rate() > 5 and peak() > 12

        wait_for(is_drawn, "a line that goes up")
        self.assertEqual(self.complaints(), [])

    def test_wrong_tokens_are_refused(self) -> None:
        self.address = self.machine.web()
        self.open("/")
        self.find("#token").send_keys("not-the-token-of-this-server", Keys.ENTER)
        self.find("[role=alert]")
        self.assert_readable()
        self.assertFalse(self.all("#services"))
        self.log_in(machine.TOKEN)
        self.find("#services")

    def test_logs_out(self) -> None:
        self.serve()
        self.find(".logout button").click()
        self.find("#token")
        self.open("/")
        self.find("#token")


class ServiceTest(WebTest):
    def open_service(self, *options: str, token: str = machine.TOKEN) -> None:
        self.machine.start("trial-service", "trial")
        self.serve(*options, token=token)
        self.find("#row-trial a").click()
        self.find("#head")

    def open_form(self, event: str):
        """Opens the form of an event, as soon as the page has it, and returns it."""

        def shown() -> object:
            names = "#events details .name"
            return next((name for name in self.all(names) if name.text == event), None)

        details = wait_for(shown, f"the event {event}").find_element(By.XPATH, "./ancestor::details")
        details.find_element(By.CSS_SELECTOR, "summary").click()
        return details.find_element(By.CSS_SELECTOR, "form")

    def fill_in(self, form, **values: object) -> None:
        for name, value in values.items():
            field = form.find_element(By.CSS_SELECTOR, f"[name='p.{name}']:not([type=hidden])")
            field.clear()
            field.send_keys(str(value))

    def test_runs_an_event_with_progress_to_its_end(self) -> None:
        self.open_service()
        form = self.open_form("progress")
        self.fill_in(form, steps=4)
        form.find_element(By.CSS_SELECTOR, "[type=checkbox]").click()  # it waits after the last step
        form.find_element(By.CSS_SELECTOR, "button").click()
        self.wait_for_text(".run", "step 4")
        self.assertEqual(self.find(".run progress").get_attribute("value"), "100")
        self.wait_for_text(".run .head", "running")
        page = self.driver.current_url

        self.open("/services/trial")
        self.wait_for_text("#head", "Busy with progress")
        self.wait_for_text("#runs", "step 4")
        self.driver.get(page)
        status = json.loads(self.machine.run("servicectl", "status", "trial", "--json"))
        self.machine.run("servicectl", "cancel", "trial", str(status["runs"][0]["id"]))
        self.wait_for_text(".run .head", "failed")
        self.wait_for_text(".outcome", "cancel")

        self.open("/services/trial")
        form = self.open_form("progress")
        self.fill_in(form, steps=3)
        form.find_element(By.CSS_SELECTOR, "button").click()
        self.wait_for_text(".run .head", "done")
        self.wait_for_text(".outcome", '"steps": 3')
        self.open("/services/trial")
        self.wait_for_text("#runs-list li:first-child", "done")
        self.wait_for_text("#runs-list li:last-child", "failed")
        self.assertEqual(self.complaints(), [])

    def test_the_end_of_an_event_is_announced(self) -> None:
        self.open_service()
        form = self.open_form("progress")
        self.fill_in(form, steps=1)
        form.find_element(By.CSS_SELECTOR, "[type=checkbox]").click()  # it waits after the last step
        form.find_element(By.CSS_SELECTOR, "button").click()
        self.wait_for_text(".run", "step 1")
        self.wait_until_live()
        status = json.loads(self.machine.run("servicectl", "status", "trial", "--json"))
        self.machine.run("servicectl", "cancel", "trial", str(status["runs"][0]["id"]))
        wait_for(lambda: "progress has failed" in self.content_of("#announcer"), "the announcement")
        self.assertEqual(self.complaints(), [])

    def test_draws_metrics(self) -> None:
        self.open_service()
        self.wait_until_live()

        def card() -> Optional[str]:
            """Returns the texts of the metric's card and of its drawing."""
            return self.driver.execute_script(
                "const card = [...document.querySelectorAll('#metrics figure.metric')]"
                ".find((one) => arguments[0].every((part) => one.querySelector('figcaption').textContent.includes(part)));"
                "return card && `${card.querySelector('.figures').textContent}; `"
                " + `${card.querySelector('svg:has(path.line)')?.getAttribute('aria-label') ?? ''}`",
                ["servicekit_events", 'event="count"', 'outcome="done"'],
            )

        def is_drawn() -> bool:
            self.machine.call("trial", "count")
            found = re.search(r"([\d.]+) in all.*; history: now [\d.]+/s, at most ([\d.]+)/s", card() or "")
            return found is not None and float(found[1]) >= 3 and float(found[2]) > 0

        wait_for(is_drawn, "the line of the event's counter")
        self.assertEqual(self.complaints(), [])

    def test_shows_a_crash(self) -> None:
        self.open_service()
        self.machine.run("servicectl", "call", "trial", "abort", check=False)
        self.wait_for_text("#head", "dead")
        self.open("/services/trial")
        self.wait_for_text("#crashes summary", "SIGABRT")
        self.open_details()
        self.wait_for_text("#crashes pre", "abort")
        self.assert_readable()

    def test_a_refused_argument_is_explained(self) -> None:
        self.open_service()
        form = self.open_form("progress")
        self.driver.execute_script(
            "arguments[0].noValidate = true; arguments[0].querySelector('[name=\"p.steps\"]').type = 'text'", form
        )
        self.fill_in(form, steps="many")
        form.find_element(By.CSS_SELECTOR, "button").click()
        self.wait_for_text("main", "steps")
        self.assertIn("integer", self.text_of("main"))

    def test_a_log_line_arrives(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.machine.call("trial", "print", "text=a line from elsewhere")
        self.wait_for_text("#log-lines", "a line from elsewhere")

    def test_the_log_can_be_paused_and_filtered(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.find("#log-pause").click()
        self.machine.call("trial", "print", "text=written during the pause")
        self.wait_for_text("#log-pause", "new")
        self.assertNotIn("written during the pause", self.text_of("#log-lines"))
        self.find("#log-pause").click()
        self.wait_for_text("#log-lines", "written during the pause")

        self.find("#log-filter").send_keys("during the pause")
        self.assertNotIn("ready", self.text_of("#log-lines"))
        self.assertIn("written during the pause", self.text_of("#log-lines"))

    def test_a_flood_of_lines_leaves_the_page_live(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.machine.call("trial", "flood", "lines=20000", "threads=2")
        self.machine.call("trial", "print", "text=after the flood")
        self.wait_for_text("#log-lines > :last-child", "after the flood")
        self.assertLessEqual(len(self.all("#log-lines > *")), 501)
        self.assertEqual(self.find("#log-lines").get_attribute("aria-live"), "off")

    def test_a_log_that_is_read_does_not_scroll_away(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.machine.call("trial", "flood", "lines=300")
        wait_for(lambda: len(self.all("#log-lines > *")) > 200, "many lines")

        def position() -> List[float]:
            return self.driver.execute_script(
                "const log = document.getElementById('log-lines');"
                "return [log.scrollTop, log.scrollHeight - log.scrollTop - log.clientHeight]"
            )

        wait_for(lambda: position()[1] < 24, "the end of the log")
        self.driver.execute_script("document.getElementById('log-lines').scrollTop = 40")
        self.machine.call("trial", "print", "text=one more")
        self.wait_for_text("#log-lines", "one more")
        self.assertEqual(position()[0], 40)

    def test_sets_the_log_level(self) -> None:
        self.open_service()
        Select(self.find("#log-level")).select_by_value("debug")
        self.find("form.log-level button").click()
        wait_for(lambda: "debug" in self.machine.run("servicectl", "log-level", "trial"), "the level")
        self.open("/services/trial")
        self.wait_for_text(".facts", "debug")
        self.assertEqual(Select(self.find("#log-level")).first_selected_option.text, "debug")

    def test_reloads(self) -> None:
        self.open_service()
        self.find("form.reload button").click()
        self.wait_for_text(".run .head", "done")

    def test_stops_after_a_question(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.assertFalse(self.driver.execute_script("return arguments[0].checkVisibility()", self.find("#stop button")))
        self.find("#stop summary").click()
        self.find("#stop button").click()
        wait_for(lambda: "not" in self.machine.run("servicectl", "status", "trial", check=False), "the end")
        self.open("/services/trial")
        self.wait_for_text("#head", "stopped")
        self.assertFalse(self.all("#stop form"))

    def test_a_page_learns_that_the_service_has_ended(self) -> None:
        self.open_service()
        self.wait_until_live()
        self.find("#stop form")
        self.machine.run("servicectl", "stop", "trial")
        self.wait_for_text("#head", "stopped")
        # What it offered is gone without a new visit.
        wait_for(lambda: not self.all("#stop form"), "the actions of a service that has ended")

    def test_an_open_form_outlives_updates(self) -> None:
        self.open_service()
        self.wait_until_live()
        form = self.open_form("progress")
        self.fill_in(form, steps=7)
        before = self.text_of(".facts")
        wait_for(lambda: self.text_of(".facts") != before, "an update")
        self.machine.run("servicectl", "log-level", "trial", "debug")
        self.wait_for_text(".facts", "debug")
        self.assertEqual(form.find_element(By.CSS_SELECTOR, "[name='p.steps']").get_attribute("value"), "7")

    def test_a_reader_has_no_forms(self) -> None:
        self.open_service(token=machine.READ_TOKEN)
        self.wait_for_text("#head", "running")
        self.assertFalse(self.all("#actions form, #events form"))
        self.assert_readable()

    def test_read_only_offers_nothing(self) -> None:
        self.open_service("--read-only")
        self.assertFalse(self.all("#actions form, #events form"))

    def test_works_by_keyboard_alone(self) -> None:
        self.machine.start("trial-service", "trial")
        self.serve()

        def press(*keys: str) -> None:
            self.driver.switch_to.active_element.send_keys(*keys)

        def tab_to(condition: str) -> None:
            """Goes on with Tab until the condition holds for the focused element."""
            for _ in range(120):
                press(Keys.TAB)
                if self.driver.execute_script(f"const it = document.activeElement; return {condition}"):
                    return
            raise AssertionError(f"Tab does not reach {condition}")

        self.find("#row-trial a")
        self.driver.execute_script("document.activeElement.blur()")
        tab_to("it.matches('.skip')")
        press(Keys.ENTER)
        tab_to("it.matches('#row-trial a')")
        outline = self.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertNotEqual(outline, "none")
        press(Keys.ENTER)
        self.find("#head")
        tab_to("it.matches('#events summary') && it.querySelector('.name').textContent === 'progress'")
        press(Keys.ENTER)
        tab_to("it.name === 'p.steps'")
        press("3", Keys.ENTER)
        self.wait_for_text(".run .head", "done")
        self.driver.back()
        tab_to("it.matches('#stop summary')")
        press(Keys.ENTER)
        press(Keys.ESCAPE)
        wait_for(lambda: not self.find("#stop").get_attribute("open"), "Escape to close the question")
        press(Keys.ENTER)
        tab_to("it.matches('#stop button')")
        press(Keys.ENTER)
        wait_for(lambda: "not" in self.machine.run("servicectl", "status", "trial", check=False), "the end")

    def test_can_be_read_without_script(self) -> None:
        self.machine.start("trial-service", "trial")
        chromium.run_scripts(self.driver, enabled=False)
        self.address = self.machine.web()
        self.open("/")
        self.find("#token").send_keys(machine.TOKEN, Keys.ENTER)
        self.wait_for_text("#row-trial", "running")
        self.assertFalse(self.find("#filter").is_displayed())
        self.find("#row-trial a").click()
        self.wait_for_text("#head", "ready")
        self.wait_for_text("#log-lines", "ready")
        for part in ("#metrics", "#settings", "#status", "#crashes"):
            self.assertTrue(self.text_of(part))
        form = self.open_form("progress")
        self.fill_in(form, steps=2)
        form.find_element(By.CSS_SELECTOR, "button").click()
        # The page loads itself again until the event is done.
        self.wait_for_text(".run", "done")
        self.open("/services/trial")
        self.find("#stop summary").click()
        self.find("#stop button").click()
        wait_for(lambda: "not" in self.machine.run("servicectl", "status", "trial", check=False), "the end")

    def test_pages_are_accessible_in_both_themes_and_on_a_phone(self) -> None:
        self.open_service()
        paths = ["/", "/services/trial", "/services/nobody"]
        for theme in ("light", "dark"):
            for width in (1280, 390):
                chromium.show(self.driver, width=width, height=800, theme=theme)
                for path in paths:
                    with self.subTest(theme=theme, width=width, path=path):
                        self.open(path)
                        self.open_details()
                        self.assert_readable()

    def test_the_markup_is_valid(self) -> None:
        tidy = shutil.which("tidy")
        if not tidy:
            self.skipTest("tidy was not found")
        self.open_service()
        cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in self.driver.get_cookies())
        for path in ("/", "/services/trial"):
            request = urllib.request.Request(self.address + path, headers={"Cookie": cookies})
            with urllib.request.urlopen(request, timeout=60) as answer:
                page = answer.read()
            found = subprocess.run([tidy, "-quiet", "-errors"], input=page, stderr=subprocess.PIPE, check=False)
            # This release of tidy does not know that a list of terms may have groups, nor these attributes.
            known = ("<dl>", "<dt>", "<dd>", "</dl>", "</div> before <dt>", "proprietary attribute", "trimming empty")
            faults = [line for line in found.stderr.decode().splitlines() if not any(word in line for word in known)]
            self.assertEqual(faults, [])


class HostileTest(WebTest):
    """A service, its log and its replies try to run a script in the page."""

    SCRIPTS = (
        "<script>window.taken = 1</script>",
        "<img src=x onerror='window.taken = 2'>",
        "\" onfocus='window.taken = 3' autofocus x=\"",
        "'><svg onload=window.taken=4>",
        "</textarea></title></noscript><script>alert(5)</script>",
        "javascript:alert(6)",
        "</pre><iframe src=javascript:alert(7)></iframe>",
        "<form action=//example.org><button>x</button></form>",
    )

    def test_texts_of_services_stay_texts(self) -> None:
        for number, text in enumerate(self.SCRIPTS):
            machine.HostileService(self.machine, f"hostile-{number}", text)
        self.serve()
        self.wait_until_live()
        wait_for(lambda: len(self.all("#services tr")) == len(self.SCRIPTS), "all services")
        for text in self.SCRIPTS:
            wait_for(lambda: text in self.content_of("#services"), f"{text!r} in the list")
        self.assert_nothing_ran()

        for number, text in enumerate(self.SCRIPTS):
            with self.subTest(text=text):
                self.open(f"/services/hostile-{number}")
                self.wait_until_live()
                self.open_details()
                for part in ("#head", "#events", "#status", "#settings", "#metrics"):
                    wait_for(lambda: text in self.content_of(part), f"{text!r} in {part}")
                self.assert_nothing_ran()
                self.assertFalse(self.all("main iframe, main img, main script"))
                self.assertFalse(self.all("main form:not([action^='/services/'])"))
                self.assertFalse(self.all("main a:not([href^='/']):not([href^='#'])"))

    def test_replies_and_progress_stay_texts(self) -> None:
        text = "".join(self.SCRIPTS)
        machine.HostileService(self.machine, "hostile", text)
        self.serve()
        self.open("/services/hostile")
        forms = self.all("#events form[action$='/reply']")
        self.assertEqual(len(forms), 1)
        self.open_details()
        forms[0].find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        self.find(".outcome")
        self.assertIn("<script>", self.text_of(".outcome"))
        self.assert_nothing_ran()

    def test_log_lines_stay_texts(self) -> None:
        self.machine.start("trial-service", "trial")
        self.serve()
        self.open("/services/trial")
        self.wait_until_live()
        for number, text in enumerate(self.SCRIPTS):
            self.machine.call("trial", "print", f"text={number} {text}")
        self.wait_for_text("#log-lines", self.SCRIPTS[-1])
        self.assert_nothing_ran()
        # The lines that arrived are now those of the page.
        self.open("/services/trial")
        self.wait_until_live()
        for text in self.SCRIPTS:
            self.assertIn(text, self.content_of("#log-lines"))
        self.assert_nothing_ran()

    def test_the_policy_would_stop_a_script(self) -> None:
        # If a text were not escaped, the browser would still refuse it.
        self.serve()
        self.driver.execute_script(
            "const image = document.createElement('img'); document.body.append(image);"
            "image.setAttribute('onerror', 'window.taken = 1'); image.src = 'data:,x'"
        )
        wait_for(lambda: any("Content Security Policy" in complaint for complaint in self.complaints()), "a complaint")
        self.assertIsNone(self.driver.execute_script("return window.taken ?? null"))


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    unittest.main(module="browser.test_web")
