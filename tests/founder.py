"""A person who makes an organisation on the pages, pays for it and gives it a key, as the how-to for partners says."""

from collections.abc import Sequence

from hub.local.visitor import Visitor, checked


class Founder(Visitor):
    def found(self, name: str) -> str:
        """Its name in addresses."""
        return self.submit("/organisations/", {"name": name}).url.path.rstrip("/").rpartition("/")[2]

    def top_up_organisation(self, slug: str, amount_micro: int) -> None:
        page = f"/organisations/{slug}/"
        checkout = self.submit(page, {"amount_micro": str(amount_micro)}, action=f"{page}top-up/")
        self.submit(str(checkout.url), {})

    def key_of(self, slug: str, scopes: Sequence[str]) -> str:
        """As the page makes it, which holds a script for that."""
        headers, body = {"X-CSRFToken": self._token("/account/")}, {"name": "partner", "scopes": list(scopes)}
        made = self.session.post("/api/v1/keys", params={"organisation": slug}, json=body, headers=headers)
        return str(checked(made).json()["secret"])
