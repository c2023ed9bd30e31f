"""IU X-ray, Indiana University's chest films with reports: Open-i's XML with PNG files, or the two CSV lists of Kaggle.

Sources: Demner-Fushman et al. 2016, https://doi.org/10.1093/jamia/ocv080; https://openi.nlm.nih.gov/faq#collection:
ecgen-radiology/<n>.xml with AbstractText elements labelled COMPARISON, INDICATION, FINDINGS, IMPRESSION and one
parentImage an image, whose id is the name of its PNG (NLMCXR_png unpacked). https://www.kaggle.com/datasets/raddar/
chest-xrays-indiana-university: indiana_reports.csv (uid, MeSH, Problems, image, indication, comparison, findings,
impression), indiana_projections.csv (uid, filename, projection), images/images_normalized/. One study is one patient.
The XML does not say which film is frontal, and lists a lateral first at times (of study 1: CXR1_1_IM-0001-3001).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.datasets.labels import radiograph
from readingroom.experiments.datasets.lists import file_in, folder_in, rows_of, those_there

SECTIONS = ("findings", "impression")
REPORTS, PROJECTIONS = "indiana_reports.csv", "indiana_projections.csv"


def iu_xray(folder: Path) -> Iterator[Case]:
    """Studies with an image and a report, in whichever of both layouts the folder has.

    Raises BadFile where a list, a column or the pictures are missing.
    """
    return _kaggle(folder) if (folder / REPORTS).is_file() else _open_i(folder)


def _kaggle(folder: Path) -> Iterator[Case]:
    pictures = folder_in(folder, "images/images_normalized", "images_normalized", "images")
    films: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(file_in(folder, PROJECTIONS), ("uid", "filename", "projection")):
        films.setdefault(row["uid"], []).append(row)
    for row in rows_of(file_in(folder, REPORTS), ("uid", "indication", "findings", "impression")):
        mine = films.get(row["uid"], [])
        frontal = [one["filename"] for one in mine if one["projection"] == "Frontal"]
        lateral = [one["filename"] for one in mine if one["projection"] == "Lateral"]
        if frontal and any(row[name] for name in SECTIONS):
            yield Case(
                id=f"CXR{row['uid']}",
                subject=f"CXR{row['uid']}",
                paths=tuple(str(pictures / name) for name in frontal),
                lateral=those_there(str(pictures / name) for name in lateral),
                words={**radiograph(), **_words(row)},
                reference=Reference(text=_text(row)),
            )


def _open_i(folder: Path) -> Iterator[Case]:
    """Which film is frontal Kaggle's list says, where it is in the folder; else the first is taken for it."""
    reports = folder_in(folder, "ecgen-radiology", "NLMCXR_reports/ecgen-radiology")
    pictures = folder_in(folder, "NLMCXR_png", "png", "images")
    views = _views(folder)
    for path in sorted(reports.glob("*.xml"), key=lambda path: (len(path.stem), path.stem)):
        told, names = _read(path)
        frontal = [name for name in names if views.get(name) == "Frontal"] if views else names[:1]
        if frontal and any(told.get(name) for name in SECTIONS):
            yield Case(
                id=f"CXR{path.stem}",
                subject=f"CXR{path.stem}",
                paths=tuple(str(pictures / f"{name}.png") for name in frontal),
                lateral=those_there(str(pictures / f"{name}.png") for name in names if name not in frontal),
                words={**radiograph(), **_words(told)},
                reference=Reference(text=_text(told)),
            )


def _views(folder: Path) -> dict[str, str]:
    """Frontal or Lateral by Open-i's name of a film: 1_IM-0001-4001.dcm.png of Kaggle is its CXR1_1_IM-0001-4001."""
    path = folder / PROJECTIONS
    rows = rows_of(path, ("uid", "filename", "projection")) if path.is_file() else ()
    return {f"CXR{row['uid']}_{row['filename'].partition('.')[0]}": row["projection"] for row in rows}


def _read(path: Path) -> tuple[dict[str, str], list[str]]:
    """Sections by their label, and the names of the images. Raises BadFile."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise BadFile(f"is no readable XML ({type(error).__name__})", where=path.name) from error
    told = {
        str(one.get("Label", "")).lower(): " ".join("".join(one.itertext()).split())
        for one in root.iter("AbstractText")
    }
    return told, [str(one.get("id")) for one in root.iter("parentImage") if one.get("id")]


def _text(told: Mapping[str, str]) -> str:
    return "\n\n".join(f"{name.upper()}:\n{told[name]}" for name in SECTIONS if told.get(name))


def _words(told: Mapping[str, str]) -> dict[str, str]:
    return {"indication": told["indication"]} if told.get("indication") else {}
