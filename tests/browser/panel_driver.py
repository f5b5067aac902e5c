"""A reader's hand on one panel: set its controls, run it, read it."""

import json
from collections.abc import Callable, Mapping

from playwright.sync_api import Locator, Page, expect

GLUE = b"from labs_py.desk import respond; respond"


def first(code: str) -> Callable[[bytes], bytes]:
    """A change of the worker's script: Python runs a line of code before it answers a request, which is there as `asked`."""
    head = "import json\nfrom labs_py import desk\ndef respond(request):\n    asked = json.loads(request)"
    body = f"{head}\n    {code}\n    return desk.respond(request)\nrespond"
    written = json.dumps(body)[1:-1].replace("'", r"\x27").encode()  # right between quotes of any kind

    def change(script: bytes) -> bytes:
        assert script.count(GLUE) == 1
        return script.replace(GLUE, written)

    return change


class Panel:
    """One `<lab-panel>` of a page."""

    def __init__(self, page: Page, lab_name: str) -> None:
        self.page = page
        self.root = page.locator(f'lab-panel[name="{lab_name}"]').first
        self.output = self.root.locator(".nh-output")
        self.status = self.root.locator(".nh-status")
        self.error = self.root.locator(".nh-error")
        self.run_button = self.root.get_by_role("button", name="Run", exact=True)

    def text(self) -> str:
        """All text of the result, that of figures and folded tables included, but not that of the buttons beside it."""
        half_drawn = (
            "one => [...one.querySelectorAll('.nh-plot')]"
            ".some(plot => plot.hasAttribute('aria-busy') || plot.querySelectorAll('svg').length === 1)"
        )
        for _ in range(400):  # figures out of sight, and the variant of each for another width, follow a moment later
            if not self.output.evaluate(half_drawn):
                break
            self.page.wait_for_timeout(50)
        only = "one => { const copy = one.cloneNode(true); copy.querySelectorAll('.nh-take').forEach(b => b.remove()); return copy.textContent; }"
        return str(self.output.evaluate(only))

    def control(self, name: str) -> Locator:
        return self.root.locator(f'[name="{name}"]')

    def forget(self) -> None:
        """Empty the status line, so that the next word in it is about what comes."""
        self.status.evaluate("element => element.textContent = ''")

    def run(self) -> None:
        """Run, and wait for the new result."""
        self.forget()
        self.run_button.click()
        self.settled()

    def settled(self) -> None:
        """Wait until the panel has answered with a result, and has drawn it."""
        expect(self.status).to_contain_text("Updated in", timeout=40_000)
        expect(self.output.locator(".nh-plot[aria-busy]")).to_have_count(0)

    def refused(self) -> str:
        """Wait until the panel shows an error, and return it."""
        expect(self.error).to_be_visible(timeout=40_000)
        return self.error.inner_text()

    def set(self, values: Mapping[str, str]) -> None:
        """Change one control after another, and wait for the result of each."""
        for name, value in values.items():
            control = self.control(name)
            kind = control.evaluate("element => element.type")
            now = str(control.is_checked()).lower() if kind == "checkbox" else control.input_value()
            if now == value:
                continue
            self.forget()
            if kind == "checkbox":
                control.set_checked(value == "true")
            elif kind == "number":
                control.fill(value)
            else:
                control.select_option(value)
            self.settled()

    def run_with(self, values: Mapping[str, str]) -> None:
        """Run once with these settings; what is set on the way there is not run, but for the architecture, on which others depend."""
        self.set(
            {
                name: value
                for name, value in values.items()
                if self.control(name).evaluate("element => 'upload' in element.dataset || 'traces' in element.dataset")
            }
        )
        for name, value in values.items():
            put = "(one, value) => one.type === 'checkbox' ? (one.checked = value === 'true') : (one.value = value)"
            self.control(name).evaluate(put, value)
        self.run()

    def try_other_values(self) -> bool:
        """Change one control after another until the result is another one; whether that happened."""
        before = self.text()
        for control in self.root.locator("select[name], input[name]").all():
            kind = control.evaluate("element => element.type")
            if kind == "checkbox":
                self.set({control.get_attribute("name") or "": str(not control.is_checked()).lower()})
            elif kind == "number":
                low, high, now = (control.evaluate(f"element => element.{key}") for key in ("min", "max", "value"))
                self.set({control.get_attribute("name") or "": low if now != low else high})
            else:
                others = control.evaluate(
                    "element => [...element.options].map(o => o.value).filter(v => v !== element.value && v !== '@file')"
                )
                if others:
                    self.set({control.get_attribute("name") or "": others[0]})
            if self.text() != before:
                return True
        return False
