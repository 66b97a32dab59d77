"""What the files for containers, Kubernetes and systemd say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE, DOCKERFILE = ROOT / "compose.yaml", ROOT / "Dockerfile"
KUBERNETES = ROOT / "deploy" / "kubernetes" / "perfectworks.yaml"
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
FILES = [COMPOSE, DOCKERFILE, KUBERNETES, *UNITS]


def services() -> dict[str, dict[str, Any]]:
    """Return the services in compose.yaml."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """Return the services in compose.yaml that run our image."""
    return {name: service for name, service in services().items() if "build" in service}


def manifests() -> dict[str, dict[str, Any]]:
    """Return the objects of the manifest, by kind and name."""
    found = yaml.safe_load_all(KUBERNETES.read_text())
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found if one}


def pods() -> Iterator[dict[str, Any]]:
    """Yield the specification of each pod in the manifest."""
    for one in manifests().values():
        if "template" in one.get("spec", {}):
            yield one["spec"]["template"]["spec"]


def containers() -> Iterator[dict[str, Any]]:
    """Yield each container in the manifest, including those that run first."""
    for pod in pods():
        yield from pod.get("initContainers", [])
        yield from pod["containers"]


def commands() -> set[str]:
    """Return the commands of `manage.py` that the files run."""
    texts = [re.sub(r"[\"',\[\]]", " ", file.read_text()) for file in FILES]
    return {name for text in texts for name in re.findall(r"manage\.py\s+(\w+)", text)}
