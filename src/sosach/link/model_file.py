"""A trained linkage on disk: ``link_model.json`` and, beside it, the frequencies of terms in ``link_terms.parquet``.

Holds reading, writing and the checks that a model fits. The JSON holds no value of any record; the frequencies name
terms that several records share (common names) and are as personal as the tables of the run.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sosach.errors import SettingsError
from sosach.lake import atomic_path, read_json, write_json
from sosach.link.config import LinkConfig, config_from_json
from sosach.link.engine import Model
from sosach.link.estimate import Parameter
from sosach.link.scoring import SPLINK_VERSION

FORMAT = 1
FILE, TERMS_FILE = "link_model.json", "link_terms.parquet"
_AGAIN = "Link the run again in full: that trains a model that fits"


def save(model: Model, path: Path) -> None:
    """Write a model to ``path`` and its frequencies beside it; the same model gives the same bytes.

    Args:
        model: what to keep.
        path: of the JSON file, ``link_model.json`` in the run's folder.
    """
    terms = path.parent / TERMS_FILE
    with atomic_path(terms) as draft:
        pq.write_table(model.terms, draft, compression="zstd")
    write_json(
        path,
        {
            "format": FORMAT,
            "splink": model.splink_version,
            "config_digest": model.config.digest,
            "config": model.config.as_json(),
            "trained_on": model.trained_on,
            "seed": model.seed,
            "prior": model.prior,
            "parameters": {name: [asdict(p) for p in levels] for name, levels in model.parameters.items()},
            "block_shares": model.block_shares,
            "rare": model.rare,
            "agreement": model.agreement,
            "terms_sha256": _sha256(terms),
            "notes": list(model.notes),
        },
    )


def load(path: Path, config: LinkConfig | None = None) -> Model:
    """Read a model.

    Args:
        path: of the JSON file.
        config: the linkage it must have been trained for; None: whatever it was trained for.

    Raises:
        MissingArtefactError: there is no such file.
        SettingsError: it was written by another version, belongs to another config or is damaged; says what to do.
    """
    try:
        content = read_json(path)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise SettingsError(f"{path}: this is no JSON file; it is damaged. {_AGAIN}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SettingsError(f"{path}: not a link model of format {FORMAT}. {_AGAIN}.")
    if content.get("splink") != SPLINK_VERSION:
        raise SettingsError(
            f"{path}: made with Splink {content.get('splink')}, here is {SPLINK_VERSION}: weights may differ. {_AGAIN}."
        )
    if config is not None and content.get("config_digest") != config.digest:
        raise SettingsError(f"{path}: made for other comparisons or thresholds than {config.name} has now. {_AGAIN}.")
    try:
        return _model(content, path)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{path}: a field is missing or wrong ({type(error).__name__}). {_AGAIN}.") from None


def _model(content: dict[str, Any], path: Path) -> Model:
    config = config_from_json(content["config"])
    if config.digest != content["config_digest"]:
        raise SettingsError(f"{path}: its config was changed by hand. {_AGAIN}.")
    terms = path.parent / TERMS_FILE
    if not terms.is_file() or _sha256(terms) != content["terms_sha256"]:
        raise SettingsError(f"{terms}: missing, or not the one that belongs to {path.name}. {_AGAIN}.")
    parameters = {c.name: tuple(Parameter(**p) for p in content["parameters"][c.name]) for c in config.comparisons}
    for comparison in config.comparisons:
        if [p.gamma for p in parameters[comparison.name]] != [gamma for gamma, _ in comparison.graded]:
            raise SettingsError(f"{path}: comparison {comparison.name} has other levels than its config. {_AGAIN}.")
    chances = [float(content["prior"]), *(x for levels in parameters.values() for p in levels for x in (p.m, p.u))]
    if not all(0 < chance <= 1 for chance in chances):
        raise SettingsError(f"{path}: a probability in it is not between 0 and 1. {_AGAIN}.")
    return Model(
        config=config,
        prior=float(content["prior"]),
        parameters=parameters,
        terms=pq.read_table(terms),
        rare=_shares(content["rare"]),
        agreement=_shares(content["agreement"]),
        block_shares=_shares(content["block_shares"]),
        trained_on=str(content["trained_on"]),
        seed=int(content["seed"]),
        splink_version=str(content["splink"]),
        notes=tuple(content["notes"]),
    )


def _shares(content: dict[str, Any]) -> dict[str, float]:
    return {name: float(share) for name, share in content.items()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
