"""Settings: which value wins, and what a value that breaks its rule is told."""

import os
from pathlib import Path

import pytest

from tillgate.bootstrap.house import door_settings
from tillgate.cli.operate import settings_of
from tillgate.config import Mode, SettingRefused, check_serving, read_settings
from tillgate.config.database import PostgresUrl
from tillgate.config.folder import warning_of

HOME = Path("/home/alice")


def test_without_anything_said_the_defaults_hold() -> None:
    settings = read_settings({}, {}, home=HOME)

    assert settings.data == HOME / ".local" / "share" / "tillgate"
    assert settings.database == settings.data / "tillgate.sqlite"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.mode is Mode.PRODUCTION


def test_the_users_data_folder_follows_the_desktops_rule() -> None:
    named = read_settings({}, {"XDG_DATA_HOME": "/srv/data"}, home=HOME)
    relative = read_settings({}, {"XDG_DATA_HOME": "data"}, home=HOME)

    assert named.data == Path("/srv/data/tillgate")
    assert relative.data == HOME / ".local" / "share" / "tillgate"


def test_an_argument_beats_a_variable_and_a_variable_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "tillgate.toml").write_text('port = 1\nhost = "0.0.0.0"\nmode = "sandbox"\n')
    environ = {"TILLGATE_PORT": "2", "TILLGATE_HOST": "127.0.0.2"}

    settings = read_settings({"data": str(tmp_path), "port": "3"}, environ, home=HOME)

    assert (settings.port, settings.host, settings.mode) == (3, "127.0.0.2", Mode.SANDBOX)


def test_a_data_folder_on_the_command_line_beats_a_database_url() -> None:
    environ = {"TILLGATE_DATABASE_URL": "sqlite:////srv/books.sqlite"}

    given = read_settings({"data": "/srv/gate"}, environ, home=HOME)
    alone = read_settings({}, environ, home=HOME)

    assert given.database == Path("/srv/gate/tillgate.sqlite")
    assert alone.database == Path("/srv/books.sqlite")
    assert alone.data == HOME / ".local" / "share" / "tillgate"


def test_a_file_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("order_life_s = 60\n")

    settings = read_settings({}, {"TILLGATE_CONFIG": str(path)}, home=HOME)

    assert settings.limits.order_life_s == 60


@pytest.mark.parametrize("url", ["postgrsql://db/books", "mysql://localhost/books", "books.sqlite"])
def test_a_data_folder_does_not_hide_a_wrong_url(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="DATABASE_URL"):
        read_settings({"data": str(tmp_path)}, {"TILLGATE_DATABASE_URL": url}, home=tmp_path)


def test_a_database_of_postgresql_is_kept_and_prints_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://till:s3cret@db.example.com:5432/books?sslmode=require"
    read = read_settings({"data": str(tmp_path)}, {"TILLGATE_DATABASE_URL": url}, home=tmp_path)
    assert isinstance(read.database, PostgresUrl)
    assert read.database.text == url
    assert read.data == tmp_path
    assert "s3cret" not in f"{read} {read.database}"
    assert str(read.database) == "postgresql://till@db.example.com:5432/books"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "from 0 to 65535"),
        ("PORT", "65536", "from 0 to 65535"),
        ("PORT", "\uff18\uff10", "from 0 to 65535"),
        ("PORT", "1_000", "from 0 to 65535"),
        ("HOST", "shop.example.com", "address to listen on"),
        ("MODE", "test", "sandbox or production"),
        ("DATABASE_URL", "mysql://localhost/books", "postgresql://user:password"),
        ("DATABASE_URL", "postgresql://localhost", "names no database"),
        ("DATABASE_URL", "postgresql://bob:s3/cret@db/pay", "%2F"),
        ("DATABASE_URL", "postgresql://bob:12/34@db/pay", "%2F"),
        ("DATABASE_URL", "postgresql://bob:s3#cret@db/pay", "%2F"),
        ("DATABASE_URL", "sqlite:///:memory:", "sqlite:////absolute"),
        ("PUBLIC_URL", "http://pay.example.com", "https only"),
        ("PUBLIC_URL", "https://pay.example.com/till", "without a path"),
        ("PUBLIC_URL", "https://me@pay.example.com", "https origin"),
        ("PUBLIC_URL", "https://pay.example.com:port", "no URL"),
        ("ORDER_LIFE_S", "0", "from 1 to"),
        ("CONNECTIONS_MAX", "-1", "from 1 to"),
        ("REQ_TIME_BEHIND_S_MAX", "1501", "TILLGATE_REQ_TIME_AHEAD_S_MAX it is at most 1800"),
        ("REQ_TIME_AHEAD_S_MAX", "0", "from 1 to"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused_by_name(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        read_settings({}, {f"TILLGATE_{name}": value}, home=HOME)

    assert f"TILLGATE_{name}" in str(refused.value)
    assert says in str(refused.value)
    assert "Next: " in str(refused.value)


def test_a_misspelt_variable_is_refused_rather_than_ignored() -> None:
    with pytest.raises(SettingRefused, match="no setting TILLGATE_PROT"):
        read_settings({}, {"TILLGATE_PROT": "1"}, home=HOME)


@pytest.mark.parametrize("text", ["port = ", "prot = 1\n", "port = true\n", "[limits]\nx = 1\n"])
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tillgate.toml").write_text(text)

    with pytest.raises(SettingRefused, match=r"tillgate\.toml"):
        read_settings({"data": str(tmp_path)}, {}, home=HOME)


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    environ = {"TILLGATE_CONFIG": str(tmp_path / "none.toml")}

    with pytest.raises(SettingRefused, match="cannot be read"):
        read_settings({}, environ, home=HOME)


@pytest.mark.parametrize(
    ("mode", "url", "warnings"),
    [
        (0o644, "postgresql://gate:5esame@db/books", 1),
        (0o640, "postgresql://db/books?user=gate&password=5esame", 1),
        (0o600, "postgresql://gate:5esame@db/books", 0),
        (0o644, "postgresql://gate@db/books", 0),
        (0o644, "sqlite:///books.sqlite", 0),
    ],
)
def test_a_file_whose_password_others_can_read_is_used_but_not_in_silence(
    mode: int, url: str, *, warnings: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tillgate.toml"
    path.write_text(f'database_url = "{url}"\n')
    path.chmod(mode)

    settings_of(str(tmp_path))

    said = capsys.readouterr().err
    step = f"holds the database's password, and others can read it (mode {mode:04o}): chmod 600"
    assert (said.count(step), said.count("\n")) == (warnings, warnings)
    assert "5esame" not in said


def test_a_pipe_of_settings_has_no_mode_to_mend(tmp_path: Path) -> None:
    """As `<(…)` of a shell names one."""
    pipe = tmp_path / "tillgate.toml"
    os.mkfifo(pipe, 0o644)
    pipe.chmod(0o644)

    assert warning_of(pipe, "the database's password") == ""


def test_windows_and_waits_reach_the_doors() -> None:
    environ = {
        "TILLGATE_REQ_TIME_BEHIND_S_MAX": "600",
        "TILLGATE_REQ_TIME_AHEAD_S_MAX": "60",
        "TILLGATE_ISSUER_WAIT_S_MAX": "5",
    }

    told = door_settings(read_settings({}, environ, home=HOME), port=8080)

    assert (told.req_time_behind_ms_max, told.req_time_ahead_ms_max) == (600_000, 60_000)
    assert told.issuer_wait_s_max == 5


def test_production_is_not_served_without_its_public_address() -> None:
    with pytest.raises(SettingRefused, match="TILLGATE_PUBLIC_URL"):
        check_serving(read_settings({}, {}, home=HOME))

    check_serving(read_settings({"mode": "sandbox"}, {}, home=HOME))
    environ = {"TILLGATE_PUBLIC_URL": "https://pay.example.com"}
    check_serving(read_settings({}, environ, home=HOME))
