"""A tool's own words set how firm a sentence may be, in what it asserts and in what it rules out."""

import pytest

from tests.agents.ledgers import checked, evidence


def verdict(text: str, presence: str, certainty: str) -> str:
    found = checked(f"FINDINGS: {text}", evidence("E1", "consolidation", presence, certainty=certainty))
    return found.checks[0].verdict


@pytest.mark.parametrize(
    ("text", "certainty", "expected"),
    [
        ("There is likely consolidation.", "likely", "supported"),
        ("There is consolidation.", "likely", "contradicted"),
        ("There is consolidation.", "definite", "supported"),
    ],
)
def test_an_assertion_is_no_firmer_than_the_tools_words(text, certainty, expected):
    assert verdict(text, "present", certainty) == expected


@pytest.mark.parametrize(
    ("text", "certainty", "expected"),
    [
        ("Consolidation is unlikely.", "unlikely", "supported"),
        ("No consolidation.", "unlikely", "contradicted"),
        ("No consolidation.", "definite", "supported"),
        ("There is consolidation.", "unlikely", "contradicted"),
    ],
)
def test_a_denial_is_no_firmer_than_the_tools_words(text, certainty, expected):
    """An outline that a model did not find makes its object unlikely and rules nothing out."""
    assert verdict(text, "absent", certainty) == expected
