"""Proves that tenants and people are apart, by trying: on a database that is built for it and goes again.

For every table, verb, role and context a statement is generated from the catalogue and sent as that role. What comes of
it is compared with what scopes, declared roles and declared grants say. Mutants of the database show that the proof
would notice.
"""

from .examples import Examples, load_examples
from .exemptions import Exemption
from .findings import Finding, Tally
from .mutants import KINDS, Mutant
from .mutation import Mutation, Mutator
from .place import ProofPlace, scratch_place
from .proof import Proof, ProofReport
from .tree import load_tree

__all__ = [
    "KINDS",
    "Examples",
    "Exemption",
    "Finding",
    "Mutant",
    "Mutation",
    "Mutator",
    "Proof",
    "ProofPlace",
    "ProofReport",
    "Tally",
    "load_examples",
    "load_tree",
    "scratch_place",
]
