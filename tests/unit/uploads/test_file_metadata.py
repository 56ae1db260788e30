import pytest

from marketplace.uploads.file_metadata import FileSummary, declared_body_sha256, summarise, with_words


def test_kohya_metadata_becomes_a_summary_without_the_creators_folders() -> None:
    metadata = {
        "ss_output_name": "C:\\Users\\mara\\loras\\washed ink",
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_dim": "8",
        "ss_network_alpha": "4.0",
        "ss_steps": "1200",
        "ss_dataset_dirs": '{"D:/mara/secret": {}}',
        "ss_tag_frequency": '{"D:/mara/secret": {"mara": 3}}',
        "ss_sd_model_name": "D:/mara/models/sdxl.safetensors",
    }
    summary = summarise(metadata)
    assert summary == FileSummary("washed ink", "", "sdxl_base_v1-0", 8, 4.0, 1200)
    assert "mara" not in repr(summary)


def test_modelspec_speaks_before_kohya() -> None:
    metadata = {
        "modelspec.title": "Washed Ink",
        "modelspec.trigger_phrase": "washed\nink",
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "ss_output_name": "last",
        "ss_base_model_version": "sdxl_base_v1-0",
    }
    assert summarise(metadata) == FileSummary("Washed Ink", "washed ink", "stable-diffusion-xl-v1-base/lora")


@pytest.mark.parametrize("number", ["None", "Dynamic", "nan", "inf", "-1", "1e99", "", "８x"])
def test_what_is_no_plain_number_is_left_out(number: str) -> None:
    assert summarise({"ss_network_dim": number, "ss_network_alpha": number, "ss_steps": number}) == FileSummary()


def test_long_texts_are_cut_to_what_the_form_takes() -> None:
    summary = summarise({"modelspec.title": "t" * 999, "modelspec.trigger_phrase": "w" * 999})
    assert (len(summary.title), len(summary.trigger_words)) == (80, 300)


@pytest.mark.parametrize(
    ("said", "words", "expected"),
    [
        ("", ("<ruin>", "moss"), "<ruin>, moss"),
        ("washed ink", ("moss",), "washed ink, moss"),
        ("Moss, ink", ("moss", "in"), "Moss, ink, in"),
        ("w" * 299, ("moss",), "w" * 299 + ","),
    ],
)
def test_words_of_embeddings_join_the_trigger_words(said: str, words: tuple[str, ...], expected: str) -> None:
    assert with_words({"title": "Moss", "trigger_words": said}, words) == {"title": "Moss", "trigger_words": expected}


def test_a_declared_checksum_is_plain_lower_case_hex() -> None:
    assert declared_body_sha256({"modelspec.hash_sha256": "0xABC"}) == "abc"
    assert declared_body_sha256({}) == ""
