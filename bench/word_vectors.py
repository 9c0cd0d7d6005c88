"""Makes knowledge/answering/gate_words.npz: vectors of common English words, for the evidence gate.

    python bench/word_vectors.py --data FOLDER [--work FOLDER] [--write]

FOLDER holds `sumo` and `wixqa`, each with `articles.jsonl`. The words are, in this order: those of the vocabulary of
all-MiniLM-L6-v2 (BERT's, which is sorted by how common they are), those of `_OWN`, and those that stand twice or more
in help articles. Each is embedded alone; less the mean, the vectors are cut to their first 64 principal components, and
rounded to 8 bits. Nothing is downloaded: the model is that of the package, which is exported once to --work in a child
process (the only one that needs torch). Without --write it says how near the result is to the shipped table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from config.settings import EmbeddingSettings
from knowledge.answering.gate_words import load_word_vectors
from knowledge.embedding.engine import Embedding
from knowledge.embedding.model import resolve_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "knowledge" / "answering" / "gate_words.npz"
COMPONENTS = 64
TIMES = 2
_BATCH = 512
_SAMPLED = 8_000
_NO_PROSE = re.compile(r"https?://\S+|\([^)]*\)|`[^`]*`")
_WORD = re.compile(r"\b[a-z]{3,18}\b")
_OWN = """
invoice invoices refund refunds fax lift elevator payroll archive unarchive delete deleted deleting upload
uploads download wifi wlan webhook webhooks okta saml sso scim datev quickbooks xero zapier jira salesforce
hubspot trello onboarding offboarding reimbursement reimburse expense expenses timesheet timesheets overtime
parental maternity payslip payslips intranet helpdesk deactivate deactivated reactivate downgrade
unsubscribe unsubscribed logout signup signin passcode passphrase authenticator sluggish charger headset
webcam toner printer photocopier scanner dongle hdmi bluetooth smartwatch thermostat router modem firmware
reboot spam phishing backup backups restore undelete rollback webinar newsletter coupon voucher shipping
courier parcel tracking sku barcode checkout wishlist storefront plugin plugins widget addon iban paypal
klarna bitcoin crypto stripe invoiceing vat gst receipt receipts proforma prepaid postpaid surcharge
warranty recall defective dosage pharmacy canteen cafeteria locker lockers badge badges keycard intercom
janitor hotdesk standup sabbatical pension freelancer contractor gdpr nda hr crm erp kanban burndown gantt
okr kpi api sdk oauth jwt csv xlsx pdf docx png ssh ssl tls dns dhcp ldap kerberos smtp imap vpn mfa totp
otp captcha biometric
"""
"""What people ask a helpdesk about, and BERT's vocabulary lacks."""


def words_of(data: Path, vocabulary: Path) -> tuple[list[str], int]:
    """Give the words, the commonest first, and how many of them are of the model's vocabulary."""
    listed = (line.strip() for line in vocabulary.read_text(encoding="utf-8").splitlines())
    common = [word for word in listed if word.isalpha() and word.isascii() and len(word) > 1]
    counted: Counter[str] = Counter()
    for text in _texts(data):
        counted.update(_WORD.findall(text.lower()))
    told = [word for word, count in counted.most_common() if count >= TIMES]
    return list(dict.fromkeys([*common, *(w for w in _OWN.split() if w.isalpha()), *told])), len(common)


def _texts(data: Path) -> Iterator[str]:
    for name in ("sumo", "wixqa"):
        for line in (data / name / "articles.jsonl").read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            yield f"{_NO_PROSE.sub(' ', row['body_markdown'])} {row['title']}"
    for path in sorted((ROOT / "knowledge" / "samples").rglob("*.md")):
        yield path.read_text(encoding="utf-8")


async def embedded(words: Sequence[str], models: Path) -> NDArray[np.float32]:
    """Give each word's vector."""
    embedding = Embedding(EmbeddingSettings(), models)
    batches = [words[start : start + _BATCH] for start in range(0, len(words), _BATCH)]
    try:
        return np.concatenate([await embedding.embed_questions(batch) for batch in batches])
    finally:
        await embedding.close()


def reduced(vectors: NDArray[np.float32], common: int) -> NDArray[np.int8]:
    """Cut to principal components, those of the model's own vocabulary, and round to 8 bits a number."""
    centred = vectors - vectors[:common].mean(axis=0)
    drawn = np.random.default_rng(0).choice(common, min(_SAMPLED, common), replace=False)
    components = np.linalg.svd(centred[drawn], full_matrices=False)[2][:COMPONENTS]
    kept = centred @ components.T
    rounded = np.round(kept * 127 / np.abs(kept).max(axis=1, keepdims=True))
    numbers: NDArray[np.int8] = np.clip(rounded, -127, 127).astype(np.int8)
    return numbers


def compared(words: Sequence[str], vectors: NDArray[np.int8]) -> str:
    """Say how near new vectors are to the shipped ones: by cosines of pairs of words, as the components may turn."""
    shipped = load_word_vectors()
    rows = dict(shipped.rows())
    both = [index for index, word in enumerate(words) if word in rows]
    pairs = np.random.default_rng(1).choice(both, (2, 20_000))
    unit = vectors / np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    new = (unit[pairs[0]] * unit[pairs[1]]).sum(axis=1)
    theirs = [[rows[words[index]] for index in side] for side in pairs]
    old = np.concatenate(
        [
            np.diagonal(shipped.cosines(theirs[0][at : at + 500], theirs[1][at : at + 500]))
            for at in range(0, len(new), 500)
        ]
    )
    apart = np.abs(new - old)
    return (
        f"{len(words)} words, {len(both)} of the shipped {len(shipped)}; cosines of 20,000 pairs of words differ by "
        f"{apart.mean():.4f} on average, {apart.max():.4f} at most"
    )


async def main() -> None:
    """Make, compare and perhaps write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "word-vectors")
    parser.add_argument("--write", action="store_true", help="replace knowledge/answering/gate_words.npz")
    options = parser.parse_args()
    words, common = words_of(options.data, resolve_model("").path / "vocab.txt")
    vectors = reduced(await embedded(words, options.work / "models"), common)
    print(compared(words, vectors))
    if options.write:
        np.savez_compressed(SHIPPED, words=np.array(" ".join(words)), vectors=vectors)


if __name__ == "__main__":
    asyncio.run(main())
