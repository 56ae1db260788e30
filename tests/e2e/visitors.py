"""What people do in a browser, in words; every console error and broken policy they meet is kept."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

EXAMPLE = "an owl on a blue background"
PASSWORD = "correct horse 7 battery"
# A worker on a busy two-core machine may take its time; a person would wait as long.
PATIENCE_MS = 120_000


@dataclass
class Visitor:
    """One person with a browser of their own."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def sign_up(self, name: str, address: str) -> None:
        self.open("/accounts/signup/")
        self.page.get_by_label("Email", exact=True).fill(address)
        self.page.get_by_label("Display name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()
        expect(self.page.get_by_label(f"Account of {name}")).to_be_visible()

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def upload(self, file: Path) -> int:
        """Send the file from the upload page and wait until it may be published; returns in how many parts it went."""
        self.open("/studio/upload/")
        self.page.evaluate(
            """() => {
              window.name = "0";
              const parts = document.getElementById("upload-parts");
              new MutationObserver(() => { if (parts.children.length) window.name = String(parts.children.length); })
                .observe(parts, { childList: true });
            }"""
        )
        self.page.get_by_label("File", exact=True).set_input_files(file)
        self.page.get_by_role("main").get_by_role("button", name="Upload").click()
        self.page.wait_for_url("**/studio/", timeout=PATIENCE_MS)
        row = self.page.get_by_role("listitem").filter(has_text=file.name)
        expect(row.get_by_text("Ready to publish")).to_be_visible(timeout=PATIENCE_MS)
        # window.name outlives the page that set it.
        return int(self.page.evaluate("() => window.name"))

    def publish(self, file_name: str, *, title: str, price: str, share: int) -> None:
        row = self.page.get_by_role("listitem").filter(has_text=file_name)
        row.get_by_role("link", name="Publish").click()
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label("Trigger words").fill("washed ink")
        self.page.get_by_label("Prompt of the sample picture").fill("a cat on a green background")
        self.page.get_by_label("Prompts of further examples").fill(EXAMPLE)
        self.page.get_by_label("Price per picture, in credits").fill(price)
        self.page.get_by_label("Your share of the price").fill(str(share))
        self.page.get_by_role("button", name="Add a source").click()
        self.page.get_by_label("Training source").first.fill("My drawings")
        self.page.get_by_label("Training source").nth(1).fill("My photographs")
        self.page.get_by_role("button", name="Publish").click()
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()

    def top_up(self) -> None:
        """The cheapest amount on the page."""
        self.open("/wallet/")
        self.page.get_by_label("500 credits").check(force=True)
        self.page.get_by_role("button", name="Go to payment").click()
        self.page.get_by_role("button", name="Pay 5.00 USD").click()
        self.page.wait_for_url("**/wallet/**")

    def note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


def visit(browser: Browser, url: str, **options: object) -> Visitor:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", **options).new_page()  # type: ignore[arg-type]  # Playwright types each option; none is passed but by name
    visitor = Visitor(page, url)
    page.on("console", visitor.note)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    return visitor
