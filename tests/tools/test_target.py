"""Names of targets: what a bare word stands for is told by the image it is sought in."""

import pytest

from readingroom.domain.image import ImageRef
from readingroom.language.lexicon import lexicon
from readingroom.tools.models import models
from readingroom.tools.target import concepts_of, target_of


def ref(kind: str) -> ImageRef:
    modality, anatomy = kind.split("/")
    return ImageRef(id="A", sha256="0", kind="image", rows=9, columns=9, modality=modality, anatomy=anatomy)


@pytest.mark.parametrize(
    ("name", "kind", "concept"),
    [
        ("tumor", "mr/brain", "brain_mass"),
        ("Tumour", "ct/abdomen", "mass"),
        ("edema", "mr/brain", "cerebral_edema"),
        ("edema", "oct/retinal", "macular_edema"),
        ("lesion", "ultrasound/breast", "hypoechoic_lesion"),
        ("lesion", "dermoscopy/skin", "skin_lesion"),
        ("postcava", "ct/abdomen", "ivc"),
    ],
)
def test_a_bare_word_is_understood_by_its_image(name, kind, concept):
    assert target_of(name, ref(kind)).observation == concept
    assert concept in concepts_of(name)


def test_all_that_a_model_is_asked_to_outline_has_a_concept():
    """Else no sentence about it could be checked. GigaTIME's markers are stains, told by no template."""
    asked = {
        (target, kind) for name, row in models().items() if name != "gigatime"
        for kind, targets in row.segments.items() for target in targets
    }  # fmt: skip
    assert not sorted(row for row in asked if target_of(row[0], ref(row[1])).observation not in lexicon().concepts)
