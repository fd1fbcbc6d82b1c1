"""What can go wrong in the cloud services.

CloudError
├── BrokerRefused        the broker does not let us in, or throws us out for good
├── StoreError
│   ├── StoreUnavailable storing fails as a whole: disk full, locked, gone; worth a retry
│   ├── QueryTooLong     reading was given up after its time; a smaller question is answered
│   ├── RowsRejected     the store takes no row of this kind; a retry changes nothing
│   └── NotOurStore      the file is not a store of ours
├── RegistryUnavailable  the relational database cannot be reached or used
├── ApiProblem           a request that the bridge refuses (`bridge.problems`)
├── ProvisionRefused     an account cannot be made, changed or removed as asked
└── BrokerNotReloaded    the broker was not told to read its account files again
    └── BrokerNotRunning it does not run, and will read them when it starts
"""


class CloudError(Exception):
    """Base of everything that the cloud services raise; the text is one clear sentence."""


class BrokerRefused(CloudError):
    """The broker refuses this client in a way that a retry does not heal."""


class StoreError(CloudError):
    """Something is wrong with a store."""


class StoreUnavailable(StoreError):
    """The store cannot write or read now, whatever the data; nothing was written.

    Args:
        misplaced: it is not where it should be, or may not be used: a person has to act.
    """

    def __init__(self, text: str, *, misplaced: bool = False) -> None:
        super().__init__(text)
        self.misplaced = misplaced


class QueryTooLong(StoreError):
    """A question took longer than it may; nothing is wrong with the store."""


class RowsRejected(StoreError):
    """At least one of the rows cannot be stored; nothing of the call was written."""


class NotOurStore(StoreError):
    """The file is not a store that this program can use."""


class RegistryUnavailable(CloudError):
    """The relational database cannot be reached or used now."""


class ProvisionRefused(CloudError):
    """An account cannot be made, changed or removed as asked; no file was changed."""


class BrokerNotReloaded(CloudError):
    """The account files are written, and the broker was not told to read them again."""


class BrokerNotRunning(BrokerNotReloaded):
    """There is no such process: the broker reads the files when it starts."""
