"""Arrays through DLPack. The host's stand in for those of a GPU: numpy gives capsules too."""

import numpy as np
import pytest

from qsat import compiled, dlpack


class OnDevice:
    """A numpy array that says it is in GPU memory."""

    def __init__(self, array):
        self.array = array

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, *, stream=None):
        assert stream == -1  # no wait: the call's stream orders
        return self.array.__dlpack__()


@pytest.mark.parametrize("dtype, element", [("float32", "f32"), ("float16", "f16"), ("int32", "i32"), ("bool", "i1")])
def test_element(dtype, element):
    array = np.zeros((2, 3), dtype)
    described = dlpack.describe(array)
    assert (described.element, described.extents, described.on_cuda) == (element, (2, 3), False)
    assert described.data == array.ctypes.data


def test_strides_and_offset():
    array = np.arange(60, dtype="float32").reshape(3, 4, 5)[1:, ::2]
    described = dlpack.describe(OnDevice(array))
    assert described.data == array.ctypes.data
    assert (described.extents, described.strides) == ((2, 2, 5), (20, 10, 1))


def test_the_memory_lives_with_the_capsule():
    array = np.full(4, 7.0, dtype="float32")
    described = dlpack.describe(OnDevice(array))
    del array
    assert np.ctypeslib.as_array((np.ctypeslib.ctypes.c_float * 4).from_address(described.data)).tolist() == [7.0] * 4


def test_errors_name_what_was_expected():
    array = np.zeros(4, dtype="float32")
    with pytest.raises(TypeError, match="expected an array of bf16, but got f32"):
        compiled._describe(array, "bf16")
    with pytest.raises(TypeError, match="expected an array in GPU memory, but got one in the host's"):
        compiled._describe(array, "f32")
    with pytest.raises(TypeError, match="expected an array in GPU memory, but got list"):
        compiled._describe([1.0], "f32")
