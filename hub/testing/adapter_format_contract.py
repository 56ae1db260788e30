"""The rules every adapter format keeps, as tests that a plugin author inherits."""

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import replace

import pytest

from hub.plugin_api import AdapterFormat, ModelLayout, UnsupportedFileError
from hub.tensor_file import FileHeader, TensorInfo

STRANGER = "stranger.of_no_format.weight"


class AdapterFormatContract(ABC):
    """Subclass this, provide a format, the header of an honest file and the layout of a base that the file fits."""

    @abstractmethod
    def adapter_format(self) -> AdapterFormat: ...

    @abstractmethod
    def header(self) -> FileHeader: ...

    @abstractmethod
    def layout(self) -> ModelLayout: ...

    def test_recognises_its_own_files_and_no_others(self) -> None:
        adapter_format = self.adapter_format()
        assert adapter_format.recognise(self.header())
        assert not adapter_format.recognise(FileHeader({STRANGER: _tensor()}, {}, 8))
        assert not adapter_format.recognise(FileHeader({}, {}, 8))

    def test_plans_the_same_each_time(self) -> None:
        assert self.adapter_format().plan(self.header(), self.layout()) == self.adapter_format().plan(
            self.header(), self.layout()
        )

    def test_the_plan_covers_every_tensor_once(self) -> None:
        plan = self.adapter_format().plan(self.header(), self.layout())
        assert Counter(plan.sources()) == Counter(self.header().tensors.keys())

    def test_whatever_the_plan_targets_exists_and_fits(self) -> None:
        header, layout = self.header(), self.layout()
        plan = self.adapter_format().plan(header, layout)
        for target in plan.low_rank:
            down, up = header.tensors[target.down].shape, header.tensors[target.up].shape
            weight = layout.modules(target.component)[target.module]
            assert (up[0], down[1], up[1]) == (weight[0], weight[1], down[0])
        for component, parameter in plan.changed():
            assert layout.shape(component, parameter)
        for embedding in plan.embeddings:
            table = layout.components[embedding.component][embedding.table]
            assert header.tensors[embedding.source].shape[-1] == table[1]
        for replaced in plan.weights:
            assert header.tensors[replaced.source].shape == layout.shape(replaced.component, replaced.parameter)

    def test_a_file_with_a_tensor_it_does_not_know_is_refused(self) -> None:
        header = self.header()
        more = replace(header, tensors={**header.tensors, STRANGER: _tensor()})
        self._assert_refused(more, self.layout())

    def test_a_file_for_another_base_is_refused(self) -> None:
        self._assert_refused(self.header(), ModelLayout({}))

    def _assert_refused(self, header: FileHeader, layout: ModelLayout) -> None:
        with pytest.raises(UnsupportedFileError) as refused:
            self.adapter_format().plan(header, layout)
        assert refused.value.code.replace("_", "").isalnum()
        assert refused.value.message.endswith(".")


def _tensor() -> TensorInfo:
    return TensorInfo("F32", (1, 1), 0, 4)
