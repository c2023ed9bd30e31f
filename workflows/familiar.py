"""A study held against the reference its room is used to: an evidence in the ledger, and a caveat where it is odd."""

from __future__ import annotations

from readingroom.agents.limitations import limitation
from readingroom.imaging.image import Study
from readingroom.tools.familiarity import FamiliarityRequest, familiarity
from readingroom.tools.tool import Bench
from readingroom.workflows.reading import Gathered, name_of


async def told_familiarity(bench: Bench, study: Study, gathered: Gathered) -> None:
    """Adds to what was gathered; nothing where no reference is set or the study has no current image.

    Raises BadRequest for a reference of another space or too small; where the image cannot be embedded the reading
    goes on and says so.
    """
    digest = bench.trace.fact("reference", lambda: bench.reference.digest if bench.reference else "")
    refs = {image.ref.id: image.ref for image in study.current}
    if not digest or not refs:
        return
    request = FamiliarityRequest(images=tuple(refs), reference=digest)
    found = await gathered.attempt("familiarity", familiarity(bench, "familiarity", request, bench.reference))
    if found is None:
        return
    gathered.evidence.append(found.evidence)
    if found.caveat:
        gathered.limitations.append(limitation("gate", image=name_of(refs[found.image]), reason=found.caveat))
