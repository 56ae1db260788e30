"""A key that may do everything, in one word: for people's own scripts and for tests."""

from marketplace.accounts.credentials import make_credential
from marketplace.accounts.models import Credential, User
from marketplace.accounts.scopes import Scope


def create_token(*, user: User, name: str = "") -> tuple[Credential, str]:
    """The key's row, and the text that is never shown again. Raises what `make_credential` raises."""
    return make_credential(account=user, name=name, scopes=[Scope.EVERYTHING])
