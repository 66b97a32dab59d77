"""Test the functions of `make test-clients` without running a client."""

from pathlib import Path

import pytest

from tests.clients import run

FOLDERS = [one for one in sorted(run.HERE.iterdir()) if run.is_client(one)]


def test_every_client_has_a_folder():
    assert [one.name for one in FOLDERS] == [
        *("generated_python", "generated_typescript", "upsun", "webhooks_node", "webhooks_python", "zenml"),
    ]


def test_the_message_names_missing_tools_of_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert run.run(run.HERE / "upsun") == "skipped, as node and npm cannot be found"


def test_a_skipped_client_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert run.main(["upsun"]) == 0
    assert capsys.readouterr().out == "\nupsun: skipped, as node and npm cannot be found\n"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_lock_names_hashes_and_no_registry(folder: Path):
    lock = next(
        one for name in ("package-lock.json", "requirements.txt") if (one := folder / name).exists()
    ).read_text()

    assert "sha512-" in lock or "--hash=sha256:" in lock
    assert '"resolved"' not in lock
    assert "--index-url" not in lock
