"""Which endpoints and backends the settings come to, from our names, from Microsoft's, and from a file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from readingroom.errors import BadRequest
from readingroom.room import ReadingRoom
from readingroom.settings import load_settings, subject_key

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/mi2"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_names_of_microsofts_examples_are_taken(monkeypatch):
    monkeypatch.setenv("MI2_MODEL_ENDPOINT", f" {ARM} ")
    monkeypatch.setenv("CXRREPORTGEN_MODEL_ENDPOINT", "https://cxr.westus.inference.ml.azure.com/score")
    monkeypatch.setenv("CXRREPORTGEN_MODEL_KEY", "canary-key")
    monkeypatch.setenv("GIGATIME_MODEL_ENDPOINT", "")
    monkeypatch.setenv("AZUREML_DEV_URL_MFE", "http://127.0.0.1:9")
    found = load_settings().endpoints
    assert set(found) == {"medimageinsight", "cxrreportgen"}
    assert found["medimageinsight"].address == ARM
    assert found["medimageinsight"].arm == "http://127.0.0.1:9"
    assert found["cxrreportgen"].key.get_secret_value() == "canary-key"


def test_a_resource_id_that_no_setting_names_is_resolved_where_the_name_says(tmp_path, monkeypatch):
    room = ReadingRoom(load_settings(home=tmp_path / "home", config=tmp_path / "config"))
    assert room.endpoint(ARM).arm == "https://management.azure.com"
    monkeypatch.setenv("AZUREML_DEV_URL_MFE", "http://127.0.0.1:9")
    assert room.endpoint(ARM).arm == "http://127.0.0.1:9"


def test_an_existing_env_file_works_and_the_environment_goes_before_it(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(
        'MIP_MODEL_ENDPOINT = "https://file/score"\nMI2_MODEL_ENDPOINT="https://mi2/score"\n'
    )
    monkeypatch.setenv("MIP_MODEL_ENDPOINT", "https://environment/score")
    found = load_settings().endpoints
    assert found["medimageparse"].address == "https://environment/score"
    assert found["medimageinsight"].address == "https://mi2/score"


def test_our_own_settings_go_before_microsofts(tmp_path, monkeypatch):
    (tmp_path / "readingroom.toml").write_text(
        'backend = "endpoint, classical"\n[endpoints.medimageparse]\naddress = "https://ours/score"\ninstances = 2\n'
    )
    monkeypatch.setenv("MIP_MODEL_ENDPOINT", "https://theirs/score")
    settings = load_settings()
    assert settings.backend == "endpoint,classical"
    assert settings.endpoints["medimageparse"].address == "https://ours/score"
    assert settings.endpoints["medimageparse"].instances == 2


def test_no_key_is_shown(monkeypatch):
    monkeypatch.setenv("MI2_MODEL_ENDPOINT", "https://mi2/score")
    monkeypatch.setenv("MI2_MODEL_KEY", "canary-key")
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "canary-key" not in shown


@pytest.mark.parametrize("given", ["cloud", "classical,classical", "", "endpoint,,local"])
def test_an_unknown_backend_is_refused_by_name(given):
    with pytest.raises(BadRequest, match="choose from classical, endpoint, local"):
        load_settings(backend=given)


def test_a_wrong_field_of_an_endpoint_is_named(tmp_path):
    (tmp_path / "readingroom.toml").write_text('[endpoints.medimageparse]\naddress = "x"\ntimeout = 500\n')
    with pytest.raises(BadRequest, match=r"endpoints\.medimageparse\.timeout"):
        load_settings()


def test_threads_that_need_the_key_for_pseudonyms_at_once_have_the_same(tmp_path: Path):
    """An empty file, read before its key was written, would be an empty key: pseudonyms that anybody could make."""
    for number in range(20):
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(subject_key, [tmp_path / str(number)] * 8))
        assert [len(key) for key in keys] == [32]
        assert [path.name for path in (tmp_path / str(number)).iterdir()] == ["subject.key"]
        assert (tmp_path / str(number) / "subject.key").stat().st_mode & 0o077 == 0
