"""What can go wrong with articles.

KnowledgeError
├── SourceError              a helpdesk or a file could not be read
│   ├── TransientSourceError   worth another try later (network, 5xx, a lock)
│   └── PermanentSourceError   a person has to mend something (401, a path that is not there)
├── ArticleError             one article is bad; the others go on
│   ├── DuplicateArticle       two articles share one id
│   └── RevisionConflict       somebody else changed the article meanwhile
├── StorageError             the database or the disk refuses
│   ├── DatabaseTooNew         written by a newer version of the bot
│   ├── DiskFull
│   └── LeaseLost              another runner holds the lease now; the transaction was aborted
├── EmbeddingError           the model is missing, or its process died
└── PassageIndexError        the passage index cannot be read; `helpdesk-bot reindex` rebuilds it
"""


class KnowledgeError(Exception):
    """Base of all errors of this package; the message names the object and the remedy."""


class SourceError(KnowledgeError):
    """A source could not be read to its end; nothing is removed because of it."""


class TransientSourceError(SourceError):
    """Worth another try later."""


class PermanentSourceError(SourceError):
    """Will fail again until a person mends the cause."""


class ArticleError(KnowledgeError):
    """One article is bad; the others go on."""


class DuplicateArticle(ArticleError):  # noqa: N818 - the name says the fact
    """Two articles of one source share one id."""


class RevisionConflict(ArticleError):  # noqa: N818
    """The article was changed by somebody else since it was read."""


class StorageError(KnowledgeError):
    """The database or the disk refuses."""


class DatabaseTooNew(StorageError):  # noqa: N818
    """The database was written by a newer version of the bot."""


class DiskFull(StorageError):  # noqa: N818
    """No space is left where the bot keeps its data."""


class LeaseLost(StorageError):  # noqa: N818
    """Another runner holds the lease now."""


class EmbeddingError(KnowledgeError):
    """The embedding model is missing or failed."""


class PassageIndexError(KnowledgeError):
    """The passage index cannot be read; `helpdesk-bot reindex` rebuilds it from the library."""
