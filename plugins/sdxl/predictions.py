"""What a whole model says that it predicts: drawn with a base of another kind it would give noise, or burnt colours."""

from hub.plugin_api import ModelLayout, UnsupportedFileError
from hub.tensor_file import FileHeader

# Tensors of one number by which checkpoints tell other programs what they are.
V_MARK, ZERO_SNR_MARK = "v_pred", "ztsnr"
METADATA = "modelspec.prediction_type"
TITLES = {"epsilon": "noise", "v": "velocity (v-prediction)"}


def refuse_other_prediction(header: FileHeader, layout: ModelLayout) -> tuple[str, ...]:
    """The marks of the file that are true of this base too. Raises UnsupportedFileError where one is not."""
    said = header.metadata.get(METADATA, "")
    marks = tuple(mark for mark in (V_MARK, ZERO_SNR_MARK) if mark in header.tensors)
    for prediction in {said, "v" if V_MARK in marks else ""} & TITLES.keys():
        # What is not known of the base is not held against a file, unless that says what few are.
        if prediction != (layout.prediction or "epsilon"):
            raise UnsupportedFileError(
                "other_prediction",
                f"This model says that it predicts {TITLES[prediction]}, which this base does not. Upload it for a base "
                "that does.",
            )
    if ZERO_SNR_MARK in marks and not layout.zero_snr:
        raise UnsupportedFileError(
            "other_prediction",
            f"This model says by {ZERO_SNR_MARK} that it begins at nothing but noise, which this base does not. Upload it "
            "for a base that does.",
        )
    return marks
