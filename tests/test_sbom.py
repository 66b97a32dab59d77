"""Test that the bill of materials lists exactly what a release installs."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
Pins = dict[tuple[str, str], set[str]]


def pinned() -> Pins:
    """Return the hashes of each pinned version in requirements.txt."""
    text = (ROOT / "requirements.txt").read_text()
    return {
        (name, version): set(re.findall(r"sha256:([0-9a-f]{64})", rest)) for name, version, rest in PIN.findall(text)
    }


def test_the_bill_of_materials_has_every_pinned_version_with_its_hashes(tmp_path: Path) -> None:
    recipe = re.search(r"cyclonedx-py (requirements .+) --output-file", (ROOT / "Makefile").read_text())
    assert recipe
    command = [str(Path(sys.executable).parent / "cyclonedx-py"), *recipe[1].split(), "--output-file"]
    subprocess.run([*command, str(tmp_path / "sbom.json")], cwd=ROOT, check=True, capture_output=True)
    document = json.loads((tmp_path / "sbom.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    listed: Pins = {}
    for component in document["components"]:
        name, version = component["name"], component["version"]
        assert component["purl"] == f"pkg:pypi/{name}@{version}"
        hashes = [found["content"] for where in component["externalReferences"] for found in where["hashes"]]
        listed[name, version] = set(hashes)
    assert listed == pinned()
    assert len(listed) > 20
