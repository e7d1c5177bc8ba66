"""Settings from defaults, file and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.errors import ConfigurationError
from gateway.settings import Settings, load


def test_defaults_need_no_service() -> None:
    settings = load({})
    assert settings == Settings()
    assert settings.database_url.startswith("sqlite:////")
    assert settings.smart_host_url.startswith("folder:///")
    assert settings.broker_folder == Path("var/broker").absolute()


def test_every_folder_is_absolute_because_children_work_elsewhere() -> None:
    given = {"GATEWAY_BLOBS": "b", "GATEWAY_FAX_QUEUE": "q", "GATEWAY_FAX_RECORDS": "r", "GATEWAY_SCANS": "s"}
    for settings in (load({}), load({"GATEWAY_VAR": "elsewhere", "GATEWAY_OFFICE": "ours", **given})):
        folders = (settings.var, settings.office, settings.blob_folder, settings.fax_queue_folder)
        assert all(folder.is_absolute() for folder in (*folders, settings.fax_record_folder, settings.scan_folder))


def test_the_environment_outranks_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text('http_port = 9000\nworkers = 4\nlog_json = true\nvar = "/srv/gateway"\n')
    settings = load({"GATEWAY_HTTP_PORT": "9001"}, file)
    assert (settings.http_port, settings.workers, settings.log_json) == (9001, 4, True)
    assert settings.var == Path("/srv/gateway")
    assert load({"GATEWAY_SETTINGS": str(file)}).http_port == 9000


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("GATEWAY_HTTP_PORT", "eighty", "whole number"),
        ("GATEWAY_HTTP_PORT", "70000", "65535"),
        ("GATEWAY_WORKERS", "0", "from 1"),
        ("GATEWAY_LOG_JSON", "maybe", "true or false"),
        ("GATEWAY_SMART_HOST", "mail.example", "smtp://"),
        ("GATEWAY_TLS_KEY", "/key.pem", "both"),
        ("GATEWAY_PUBLIC_URL", "office.example", "https://"),
    ],
)
def test_a_wrong_value_names_the_setting_and_what_to_write(name: str, value: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load({name: value})
    assert name.removeprefix("GATEWAY_").lower() in str(refused.value) + refused.value.remedy
    assert remedy in refused.value.remedy


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("http_prot = 9000\n")
    with pytest.raises(ConfigurationError, match="http_prot"):
        load({}, file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("http_port = = 1")
    for file in (broken, tmp_path / "missing.toml"):
        with pytest.raises(ConfigurationError, match=file.name):
            load({}, file)
