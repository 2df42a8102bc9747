"""Writes the npz files of this folder with numpy (1.24.2 wrote those there).

Values follow formulas that set_test.go repeats. Each kind is written by
savez and by savez_compressed.
"""

import os

import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def write(name, **arrays):
    np.savez(name + ".npz", **arrays)
    np.savez_compressed(name + "-compressed.npz", **arrays)


def levels(clips, steps, *step):
    """Value k of the array in C order is k * 7 % 251."""
    n = clips * steps * int(np.prod(step))
    return (np.arange(n) * 7 % 251).astype("uint8").reshape(clips, steps, *step)


def numbers(clips, steps, *step):
    """Value k of the array in C order is (k * 37 % 101 - 50) / 8."""
    n = clips * steps * int(np.prod(step))
    return ((np.arange(n) * 37 % 101 - 50) / 8).astype("float32").reshape(clips, steps, *step)


# Frames of 2 by 4 colours; clips of unequal lengths; classes not in ASCII.
classes = np.array(["stehen", "gehen", "zurück", "走る"])
write("uint8-train", x=levels(9, 3, 2, 4, 3), y=np.arange(9) % 4,
      lengths=np.array([3, 2, 1, 3, 3, 2, 1, 1, 3], "uint8"), classes=classes)
write("uint8-test", x=levels(5, 4, 2, 4, 3), y=(np.arange(5)[::-1] % 4).astype(">i2"),
      lengths=np.array([4, 1, 2, 3, 4], ">i4"), classes=classes)

# Six sensors at every step, no lengths, no classes; padding may be NaN.
write("float32-train", x=numbers(8, 5, 6), y=np.arange(8, dtype="uint8") % 3)
x = numbers(4, 3, 6)
lengths = np.array([1, 2, 3, 2])
for clip, n in enumerate(lengths):
    x[clip, n:] = np.nan
write("float32-test", x=x, y=np.array([2, 0, 1, 1], "int8"), lengths=lengths)

# Byte names instead of unicode, big-endian unicode.
np.savez("bytes-classes.npz", x=levels(2, 1, 2), y=[0, 1], classes=np.array([b"left", b"right"]))
np.savez("big-classes.npz", x=levels(2, 1, 2), y=[0, 1], classes=np.array(["left", "right"], ">U5"))
