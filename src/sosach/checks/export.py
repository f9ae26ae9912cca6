"""The rules as files of Great Expectations: one suite a file, in that tool's own JSON.

Holds the writing of the folder. What a suite looks like is in ``gx_export``, which takes seconds to import.
"""

import re
from pathlib import Path

from sosach.checks.catalogue import load_catalogue
from sosach.errors import SettingsError
from sosach.lake import atomic_dir, write_json

_SUITE_FILE = re.compile(r"[a-z_]+(\.[a-z_]+){1,2}\.json")


def export_suites(expectations: Path, target: Path) -> list[Path]:
    """Write every suite of a catalogue as ``<suite>.json``; the same rules give the same bytes.

    Args:
        expectations: the folder of rules.
        target: folder that is replaced whole; it must be new, empty or hold suites only.

    Returns:
        The files.

    Raises:
        RuleFileError: a rule file is wrong.
        SettingsError: the folder holds something else, which would be lost.
    """
    from sosach.checks.gx_export import suite_json

    catalogue = load_catalogue(expectations)
    if target.exists():
        strangers = sorted(path.name for path in target.iterdir() if not _SUITE_FILE.fullmatch(path.name))
        if strangers:
            raise SettingsError(f"{target}: holds {strangers[0]}, which is no suite. Name a new or an empty folder.")
    with atomic_dir(target) as folder:
        for name, rules in catalogue.suites.items():
            write_json(folder / f"{name}.json", suite_json(name, rules, catalogue, expectations))
    return [target / f"{name}.json" for name in catalogue.suites]
