"""Writes the made-up sessions in the layout of the Allen Brain Observatory's
NWB 1.0 files that the tests of `cortex::nwb` read, and what is to come out of
them, computed with NumPy.

    python nwb.py ../src/cortex/tests

Needs h5py and numpy. Two files with the same content: `brain_observatory.nwb`
is contiguous; `brain_observatory_packed.nwb` is chunked, shuffled and
deflated, has strings of variable length, images and table in floating point
numbers and the table's group under its other name. `brain_observatory.json`
has the responses, and what the tests look for in the file: the table, the
number of frames and the start of a trace. `stored.npz` and `deflated.npz` are archives for the tests of
`cortex::npy`.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np

SCENES, HEIGHT, WIDTH, CELLS = 6, 10, 13, 5
RATE = 30.0
GENOTYPE = "Cux2-CreERT2/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/Ai93(TITL-GCaMP6f)"


def session(rng):
    """Images, table and traces."""
    template = rng.integers(0, 256, (SCENES, HEIGHT, WIDTH)).astype(np.uint8)
    # Every scene and the blank three times, scene 2 once more.
    order = np.concatenate([rng.permutation(np.arange(-1, SCENES)) for _ in range(3)])
    order = np.append(order, 2)
    # Presentations follow each other; they last 7 or 8 frames.
    lengths = rng.integers(7, 9, len(order))
    ends = 20 + np.cumsum(lengths)
    table = np.stack([ends - lengths, ends], axis=1)
    # The table of a file need not be in the order of time.
    order[[3, 9]] = order[[9, 3]]
    table[[3, 9]] = table[[9, 3]]

    frames = int(ends[-1]) + 15
    traces = rng.normal(0.1, 0.3, (CELLS, frames)).astype(np.float32)
    timestamps = 8.75 + np.arange(frames) / RATE
    identifiers = 517_410_000 + 37 * np.arange(CELLS)
    return template, order, table, traces, timestamps, identifiers


def expected(order, table, traces):
    """Repeats x scenes x cells: mean and peak of the frames of each showing."""
    in_time = np.argsort(table[:, 0], kind="stable")
    order, table = order[in_time], table[in_time]
    repeats = min(int((order == scene).sum()) for scene in range(SCENES))
    mean = np.empty((repeats, SCENES, CELLS))
    peak = np.empty((repeats, SCENES, CELLS))
    for scene in range(SCENES):
        for repeat, row in enumerate(np.flatnonzero(order == scene)[:repeats]):
            window = traces[:, table[row, 0] : table[row, 1]].astype(np.float64)
            mean[repeat, scene] = window.mean(axis=1)
            peak[repeat, scene] = window.max(axis=1)
    return mean, peak


def write(path, content, packed):
    template, order, table, traces, timestamps, identifiers = content
    packing = {"chunks": True, "compression": "gzip", "shuffle": True} if packed else {}
    table_name = "natural_scenes" if packed else "natural_scenes_stimulus"
    pipeline = "processing/brain_observatory_pipeline"
    with h5py.File(path, "w") as file:

        def array(name, values):
            file.create_dataset(name, data=values, track_times=False, **packing)

        def text(name, value):
            value = value if packed else np.bytes_(value)
            file.create_dataset(name, data=value, track_times=False)

        images = template.astype(np.float32) if packed else template
        array("stimulus/templates/natural_scenes_image_stack/data", images)
        numbers = order.astype(np.float64)[:, None] if packed else order.astype(np.int64)
        array(f"stimulus/presentation/{table_name}/data", numbers)
        bounds = table.astype(np.float64) if packed else table.astype(np.int64)
        array(f"stimulus/presentation/{table_name}/frame_duration", bounds)
        array(f"{pipeline}/DfOverF/imaging_plane_1/data", traces)
        array(f"{pipeline}/DfOverF/imaging_plane_1/timestamps", timestamps)
        kind = np.int32 if packed else np.int64
        array(f"{pipeline}/ImageSegmentation/cell_specimen_ids", identifiers.astype(kind))
        text("general/subject/genotype", GENOTYPE)
        text("general/optophysiology/imaging_plane_1/location", "VISpm")
        text("general/optophysiology/imaging_plane_1/imaging depth", "175 microns")
        text("general/session_type", "three_session_B")


def main(folder):
    content = session(np.random.default_rng(20160713))
    template, order, table, traces, _, identifiers = content
    assert order[0] >= 0, "the tests look for the trace of a scene"
    write(folder / "brain_observatory.nwb", content, packed=False)
    write(folder / "brain_observatory_packed.nwb", content, packed=True)
    mean, peak = expected(order, table, traces)
    values = {
        "scenes": (template.reshape(SCENES, -1) / 255.0).tolist(),
        "identifiers": identifiers.tolist(),
        "order": order[:5].tolist(),
        "table": table.tolist(),
        "frames": traces.shape[1],
        "trace": traces[0, table[0, 0] :][:4].astype(np.float64).tolist(),
        "mean": mean.tolist(),
        "peak": peak.tolist(),
    }
    arrays = {"first": np.arange(6).reshape(2, 3) / 2, "second": np.full(300, 7, np.uint8)}
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    (folder / "brain_observatory.json").write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
