"""Proves that tenants and people are apart, by trying: on a database that is built for it and goes again.

For every table, verb, role and context a statement is generated from the catalogue, sent as that role, and what comes of
it compared with what scopes, declared roles and declared grants say. Mutants of the database show that the proof would
notice.
"""

from .findings import Finding, Tally
from .mutants import KINDS, Mutant
from .mutation import Mutation, Mutator
from .place import Place, scratch_place
from .proof import Proof, Report
from .rows import Examples, load_examples

__all__ = [
    "KINDS",
    "Examples",
    "Finding",
    "Mutant",
    "Mutation",
    "Mutator",
    "Place",
    "Proof",
    "Report",
    "Tally",
    "load_examples",
    "scratch_place",
]
