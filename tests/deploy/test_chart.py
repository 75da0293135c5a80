"""The Helm chart: rendered by Helm itself, and judged by the schemas of Kubernetes. No cluster ever saw it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.cli import COMMANDS
from service.settings import Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="helm-python-sdk is er voor Linux alleen")

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "rni"
VERSIONS = ("1.29", "1.33", "1.37")
"""Of Kubernetes."""
AGE = "age1" + "q" * 58
FULL: Mapping[str, Any] = {
    "image": {
        "digest": "sha256:" + "a" * 64,
        "backup": "registry.example/rni-backup:1",
        "pullSecrets": [{"name": "pull"}],
    },
    "settings": {"RNI_SMTP_HOST": "mail.gemeente.example", "RNI_SMTP_PORT": 465, "RNI_THREADS": 4},
    "settingsFrom": {"RNI_SMTP_PASSWORD": {"name": "rni-mail", "key": "wachtwoord"}},
    "forwardedAllowIps": "10.0.0.0/8",
    "storage": {"className": "gedeeld", "size": "100Gi"},
    "ingress": {"enabled": True, "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "510m"}},
    "networkPolicy": {
        "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.10/32"}}], "ports": [{"port": 22, "protocol": "TCP"}]}]
    },
    "backup": {"enabled": True, "to": [AGE], "existingClaim": "rni-backups"},
}
_RENDER = """
import json, sys
import helm_python
chart, values, lint = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3] == "lint"
if lint:
    print(json.dumps(helm_python.lint(chart, values, strict=True)))
else:
    loaded = helm_python.Chart.load(chart)
    try:
        loaded.validate_schema(values)
        print(json.dumps(loaded.render(values, name="rni", namespace="gemeente")))
    except helm_python.HelmError as error:
        print(error, file=sys.stderr)
        sys.exit(4)
"""
"""In a process of its own: the engine of Helm is a program in Go, which catches signals as it likes."""


def helm(values: Mapping[str, Any], what: str = "render") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _RENDER, str(CHART), json.dumps(values), what],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def manifests(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    code, out, err = helm(values)
    assert code == 0, err
    rendered = json.loads(out)
    texts = [text for name, text in rendered.items() if name.endswith(".yaml")]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


@pytest.fixture(scope="module")
def plain() -> list[dict[str, Any]]:
    """As somebody gets it who says nothing."""
    return manifests({})


@pytest.fixture(scope="module")
def full() -> list[dict[str, Any]]:
    """With everything that can be switched on."""
    return manifests(FULL)


def pods(found: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in found:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


@pytest.mark.parametrize("values", [{}, FULL], ids=["plain", "full"])
def test_helm_has_nothing_to_say_of_it(values: Mapping[str, Any]) -> None:
    code, out, err = helm(values, "lint")
    assert code == 0, err
    told = json.loads(out)
    assert not told["errors"], told
    assert not [each for each in told["messages"] if each["severity"] > 1], told


def test_there_is_a_manifest_for_everything(plain: list[dict[str, Any]], full: list[dict[str, Any]]) -> None:
    def named(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(each["kind"], each["metadata"]["name"]) for each in found}

    always = {
        ("Deployment", "rni-web"), ("Service", "rni-web"), ("PodDisruptionBudget", "rni-web"),
        ("Deployment", "rni-clock"), ("Deployment", "rni-worker"), ("Job", "rni-schema"),
        ("PersistentVolumeClaim", "rni-bestanden"), ("NetworkPolicy", "rni"), ("NetworkPolicy", "rni-web"),
    }  # fmt: skip
    assert named(plain) == always
    assert named(full) == always | {("Ingress", "rni"), ("CronJob", "rni-backup")}


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_word_of_it(
    version: str, plain: list[dict[str, Any]], full: list[dict[str, Any]]
) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="het hoort bij requirements-dev.lock")
    for each in (*plain, *full):
        validate.validate(each, version, strict=True)


def test_every_pod_is_as_restricted_as_a_cluster_can_ask(full: list[dict[str, Any]]) -> None:
    """The profile `restricted` of the Pod Security Standards, and a file system that cannot be written."""
    found = dict(pods(full))
    assert set(found) == {"rni-web", "rni-clock", "rni-worker", "rni-schema", "rni-backup"}
    for pod in found.values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 10000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        kinds = {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}}
        assert kinds <= {"persistentVolumeClaim", "secret", "emptyDir"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp", "/var/lib/rni"}


def test_only_the_step_of_the_schema_knows_the_owner_and_nothing_holds_a_secret(full: list[dict[str, Any]]) -> None:
    for name, pod in pods(full):
        for container in pod["containers"]:
            by = {each["name"]: each for each in container["env"]}
            assert ("RNI_DATABASE_OWNER_URL" in by) == (name == "rni-schema")
            assert all("valueFrom" in each for name, each in by.items() if name.startswith("RNI_DATABASE"))
            assert "RNI_SECRET_KEYS" not in by
            known = {f"RNI_{field.upper()}" for field in Settings.model_fields}
            assert by.keys() <= known
    assert not [each for each in full if each["kind"] == "Secret"]


def test_every_command_exists_and_the_schema_comes_first(full: list[dict[str, Any]]) -> None:
    started = {name: pod["containers"][0]["args"] for name, pod in pods(full)}
    assert {words[0] for words in started.values()} <= set(COMMANDS)
    assert started["rni-schema"] == ["db", "upgrade"]
    (job,) = [each for each in full if each["kind"] == "Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_a_new_web_process_answers_before_an_old_one_goes(full: list[dict[str, Any]]) -> None:
    (web,) = [each for each in full if each["kind"] == "Deployment" and each["metadata"]["name"] == "rni-web"]
    assert web["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    container = web["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"] == "/gezondheid/gereed"
    assert container["livenessProbe"]["httpGet"]["path"] == "/gezondheid/levend"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"baseUrl": "http://rni.gemeente.example"}, "baseUrl"),
        ({"web": {"replicas": 0}}, "replicas"),
        ({"webb": {"replicas": 2}}, "webb"),
        ({"settings": {"RNI_SECRET_KEYS": "x" * 40}}, "RNI_SECRET_KEYS"),
        ({"settings": {"SMTP_HOST": "mail"}}, "SMTP_HOST"),
        ({"image": {"digest": "sha256:kort"}}, "digest"),
        ({"backup": {"enabled": True, "existingClaim": "x"}}, "backup"),
        ({"storage": {"size": "veel"}}, "size"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_by_their_name(values: Mapping[str, Any], told: str) -> None:
    code, _, err = helm(values)
    assert code == 4
    assert told in err
