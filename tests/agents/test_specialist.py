"""Specialists as files: the house's own hold together, a user's replaces its like, and a wrong one is named."""

import pytest

from readingroom.agents.specialist import load_specialists, parse_specialist
from readingroom.errors import BadRequest

OWN = """id: bone_reader
title: Bone reader
for: Reads bones.
needs: [evidence]
gives: [findings]
tools: [segment]
limits: {rounds: 2, calls: 4}
prompt: "You are the {{ title }}. You may use {{ tools | join(', ') }}."
"""


def folder(tmp_path, **named):
    for name, text in named.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_houses_specialists_give_each_other_what_they_need():
    found = load_specialists()
    assert set(found) == {"imager", "findings_writer", "impression_writer", "second_reader", "consultant"}
    given = {word for one in found.values() for word in one.gives} | {"study", "question"}
    assert all(set(one.needs) <= given for one in found.values())
    assert all(not one.tools for name, one in found.items() if name != "imager")
    assert "segment, measure" in found["imager"].system
    assert "\n- " in found["findings_writer"].system


def test_a_users_file_adds_a_specialist(tmp_path):
    found = load_specialists(folder(tmp_path, bones=OWN))
    assert found["bone_reader"].system == "You are the Bone reader. You may use segment."
    assert found["bone_reader"].limits.calls == 4
    assert "findings_writer" in found


def test_a_users_file_takes_the_place_of_its_like_and_the_record_can_tell(tmp_path):
    ours = load_specialists()["findings_writer"]
    theirs = load_specialists(folder(tmp_path, mine=OWN.replace("bone_reader", "findings_writer")))["findings_writer"]
    assert theirs.title == "Bone reader"
    assert theirs.version != ours.version


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("tools: [segment]", "tools: [scalpel]"), "tools: there is no tool 'scalpel'"),
        (("needs: [evidence]", "needs: [blood]"), "needs.0"),
        (("gives: [findings]", "gives: []"), "gives"),
        (("rounds: 2", "rounds: 0"), "limits.rounds"),
        (("rounds: 2", "rounds: many"), "limits.rounds"),
        (("title: Bone reader\n", ""), "title"),
        (("for: Reads bones.\n", ""), "for"),
        (("id: bone_reader", "id: Bone reader"), "id"),
        (("title: Bone", "colour: red\ntitle: Bone"), "colour"),
        (("{{ title }}", "{{ subject }}"), "prompt"),
        (("{{ title }}", "{{ title.__class__ }}"), "prompt"),
        (("{{ title }}", "{{ title"), "prompt"),
        (("{{ title }}", "{{ 'a' * 99999999 }}"), "prompt"),
        (("{{ title }}", "{% for a in tools %}" * 3), "prompt"),
        (("title: Bone reader", "title: [a"), "not valid YAML"),
        ((OWN, "- a\n- b\n"), "not a list of fields"),
        ((OWN, ""), "not a list of fields"),
        (("id: bone_reader", "sha256: abc\nid: bone_reader"), "not a list of fields"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_field(tmp_path, change, named):
    with pytest.raises(BadRequest) as caught:
        load_specialists(folder(tmp_path, bones=OWN.replace(*change)))
    line = caught.value.line()
    assert "bones.yaml" in line
    assert named in line
    assert "\n" not in line


def test_a_need_that_nobody_gives_is_refused_before_anything_runs(tmp_path):
    lone = OWN.replace("gives: [findings]", "gives: [evidence]").replace("bone_reader", "imager")
    with pytest.raises(BadRequest, match=r"mine\.yaml: needs: nobody gives evidence"):
        load_specialists(folder(tmp_path, mine=lone))


def test_a_replacement_that_gives_less_breaks_who_needs_it_by_name(tmp_path):
    less = OWN.replace("bone_reader", "findings_writer").replace("gives: [findings]", "gives: [answer]")
    with pytest.raises(BadRequest, match="nobody gives findings"):
        load_specialists(folder(tmp_path, mine=less))


def test_two_files_of_one_name_are_refused(tmp_path):
    with pytest.raises(BadRequest, match=r"b\.yaml: id: a\.yaml is 'bone_reader' as well"):
        load_specialists(folder(tmp_path, a=OWN, b=OWN))


def test_a_folder_that_is_not_there_and_a_file_that_is_no_text_are_refused(tmp_path):
    with pytest.raises(BadRequest, match="no such folder"):
        load_specialists(tmp_path / "nowhere")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00id: x")
    with pytest.raises(BadRequest, match=r"bad\.yaml: cannot be read"):
        load_specialists(tmp_path)
    (tmp_path / "bad.yaml").write_bytes(b"a" * 100_000)
    with pytest.raises(BadRequest, match="at most 64000"):
        load_specialists(tmp_path)


def test_yaml_builds_no_objects():
    with pytest.raises(BadRequest):
        parse_specialist("!!python/object/apply:os.system ['true']", "evil.yaml")
