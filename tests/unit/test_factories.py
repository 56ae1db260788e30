import pytest

from marketplace.catalogue.models import StyleVersion
from marketplace.uploads.models import Upload
from tests.factories.accounts import make_user
from tests.factories.catalogue import echo_base, make_version, tiny_sdxl_base
from tests.factories.uploads import make_upload, ready_upload

pytestmark = pytest.mark.django_db


def test_factories_make_rows_that_pass_their_models_own_checks() -> None:
    for row in [make_user(), echo_base(), tiny_sdxl_base()]:
        row.full_clean()
    later_in_its_life = ["metadata", "sent_at", "pack", "extracted_from", "extraction"]
    make_upload().full_clean(exclude=later_in_its_life)
    make_version().full_clean(exclude=["artists_imitated"])  # an empty list of artists is a real answer


def test_a_base_is_made_once() -> None:
    assert (echo_base(), tiny_sdxl_base()) == (echo_base(), tiny_sdxl_base())


def test_a_ready_upload_has_a_pack_of_its_own_base() -> None:
    upload = ready_upload(base_model=tiny_sdxl_base())
    assert upload.pack is not None
    assert (upload.state, upload.pack.base_model) == (Upload.State.READY, upload.base_model)


def test_a_version_belongs_to_the_creator_named() -> None:
    creator = make_user()
    version = make_version(creator=creator)
    assert (version.style.creator, version.state) == (creator, StyleVersion.State.PUBLISHED)
