import ctypes
import gc

from gateway.panel import heap

SIZE = heap.LARGE_BYTES // 2


def resident_kib() -> int:
    """Of this process (proc(5))."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_what_is_free_between_what_is_not_goes_back() -> None:
    """Small blocks lie on the heap, which shrinks by itself only at its end."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
    blocks = [libc.malloc(SIZE) for _ in range(640)]
    for block in blocks:
        ctypes.memset(block, 1, SIZE)
    last = blocks.pop()
    for block in blocks:
        libc.free(block)
    before = resident_kib()
    heap.give_back()
    assert before - resident_kib() > 10_000
    libc.free(last)


def test_what_was_loaded_is_looked_through_no_more() -> None:
    heap.keep_what_is_loaded()
    try:
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
