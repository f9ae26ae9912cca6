"""The errors that a person is meant to read.

Each names the file, the field or place, and the remedy, and never a cell's value (values may be personal).
Bugs are not wrapped in these: they keep their own type and traceback.
"""


class SosachError(Exception):
    """Base of all errors with a message for the reader."""


class SettingsError(SosachError):
    """An argument, setting or configuration file is wrong."""


class DeliveryError(SosachError):
    """One delivery cannot be taken in; the others go on."""


class SourceUnavailableError(DeliveryError):
    """A database that is a source cannot be reached or broke off: the same pull may succeed later."""


class RuleFileError(SosachError):
    """A register, rule or campaign file is wrong; names file, entry and field."""


class BalanceError(SosachError):
    """Rows or issues went missing or were counted twice; the run must not go on."""


class MissingArtefactError(SosachError):
    """A stage was called before the stage that it needs."""


class EngineError(SosachError):
    """A rule could not be run. Everything else was written; this is no verdict about the data."""
