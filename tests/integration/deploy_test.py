"""The files that deploy the server: valid, secure, and in agreement with each other.

Nothing is deployed and nothing is downloaded: kubernetes-validate brings the schemas of Kubernetes, promtool comes
from Debian's prometheus package (tools/setup.sh test).
"""

import json
import math
import pathlib
import re
import shlex
import subprocess

import kubernetes_validate
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
COMPOSE = ROOT / "deploy" / "compose" / "compose.yaml"
PROMETHEUS = ROOT / "deploy" / "prometheus" / "prometheus.yml"

# The oldest release whose API has every field of the manifests, and the newest one known.
KUBERNETES_RELEASES = ("1.30", kubernetes_validate.latest_version())

GRPC_PORT, HTTP_PORT = 8001, 8002
UID = 65532


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def manifest_paths():
    return sorted(path for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")


def manifest(kind):
    found = [resource for resource in map(load, manifest_paths()) if resource["kind"] == kind]
    assert len(found) == 1, f"one {kind} expected"
    return found[0]


@pytest.fixture(name="pod")
def pod_fixture():
    return manifest("Deployment")["spec"]["template"]


@pytest.fixture(name="container")
def container_fixture(pod):
    (container,) = pod["spec"]["containers"]
    return container


@pytest.fixture(name="server")
def server_fixture():
    return load(COMPOSE)["services"]["rectifier"]


def dockerfile_instructions():
    """The instructions of the Dockerfile as (stage, keyword, rest), continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    stage, instructions = None, []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        keyword, rest = line.strip().split(maxsplit=1)
        if keyword == "FROM":
            named = re.search(r" AS (\S+)$", rest)
            stage = named.group(1) if named else ""
        instructions.append((stage, keyword, rest))
    return instructions


def runtime_instruction(keyword):
    found = [rest for stage, name, rest in dockerfile_instructions() if stage == "runtime" and name == keyword]
    assert len(found) == 1, f"one {keyword} expected in the stage runtime"
    return found[0]


def image_environment():
    return dict(item.split("=", 1) for item in shlex.split(runtime_instruction("ENV")))


def seconds(duration):
    return float(re.fullmatch(r"(\d+)s", duration).group(1))


# Kubernetes


@pytest.mark.parametrize("release", KUBERNETES_RELEASES)
@pytest.mark.parametrize("path", manifest_paths(), ids=lambda path: path.name)
def test_manifest_matches_the_schema_of_kubernetes(path, release):
    kubernetes_validate.validate(load(path), release, strict=True)


def test_schema_check_refuses_a_misspelt_field(pod):
    broken = manifest("Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES_RELEASES[0], strict=True)


def test_kustomization_lists_every_manifest():
    listed = load(KUBERNETES / "kustomization.yaml")["resources"]
    assert listed == [path.name for path in manifest_paths()]


def test_manifests_name_no_namespace_of_their_own():
    assert all("namespace" not in load(path)["metadata"] for path in manifest_paths())


def test_every_selector_finds_the_pods(pod):
    labels = pod["metadata"]["labels"].items()
    selectors = [
        manifest("Deployment")["spec"]["selector"]["matchLabels"],
        manifest("Service")["spec"]["selector"],
        manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector and selector.items() <= labels for selector in selectors)


def test_pod_runs_without_any_privilege(pod, container):
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": UID,
        "runAsGroup": UID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_service_links_cannot_set_server_options(pod):
    # A Service called rectifier would put RECTIFIER_PORT and others into the environment.
    assert pod["spec"]["enableServiceLinks"] is False


def test_probes_ask_the_http_port(container):
    for probe, path in (("startupProbe", "startup"), ("readinessProbe", "ready"), ("livenessProbe", "live")):
        assert container[probe]["httpGet"] == {"path": f"/healthz/{path}", "port": "http"}


def test_grace_period_covers_the_whole_drain(pod, container):
    settings = {item["name"]: item["value"] for item in container["env"]}
    drain_seconds = (
        container["lifecycle"]["preStop"]["sleep"]["seconds"]
        + int(settings["RECTIFIER_LAME_DUCK_MS"]) / 1000
        + int(settings["RECTIFIER_SHUTDOWN_TIMEOUT_MS"]) / 1000
        + 5
    )
    assert pod["spec"]["terminationGracePeriodSeconds"] >= math.ceil(drain_seconds)
    assert 5 <= container["lifecycle"]["preStop"]["sleep"]["seconds"] <= 10


def test_pod_is_guaranteed_whole_cores(container):
    resources = container["resources"]
    assert resources["requests"] == resources["limits"]
    assert int(resources["limits"]["cpu"]) >= 1
    assert "memory" in resources["limits"]


def test_update_and_eviction_keep_serving():
    deployment = manifest("Deployment")["spec"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert manifest("PodDisruptionBudget")["spec"]["maxUnavailable"] < deployment["replicas"]


def test_models_are_mounted_read_only_where_the_image_looks(pod, container):
    (mount,) = container["volumeMounts"]
    (volume,) = pod["spec"]["volumes"]
    assert mount["name"] == volume["name"]
    assert mount["readOnly"] is True
    assert volume["persistentVolumeClaim"]["readOnly"] is True
    assert mount["mountPath"] == image_environment()["RECTIFIER_MODEL_REPOSITORY"]


def test_network_policy_lets_in_nothing_but_grpc_and_metrics_and_nothing_out():
    policy = manifest("NetworkPolicy")["spec"]
    assert sorted(policy["policyTypes"]) == ["Egress", "Ingress"]
    assert policy["egress"] == []
    assert all(rule["from"] for rule in policy["ingress"])
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == [GRPC_PORT, HTTP_PORT]


# The image


def test_image_runs_as_the_uid_of_the_pod():
    assert runtime_instruction("USER") == f"{UID}:{UID}"


def test_final_image_starts_from_nothing():
    stages = [rest for _, keyword, rest in dockerfile_instructions() if keyword == "FROM"]
    assert "scratch AS runtime" in stages
    assert stages[-1] == "runtime", "without --target, the image is the one without samples"


def test_image_serves_on_all_addresses_and_nothing_overrides_it(container, server):
    assert image_environment()["RECTIFIER_HOST"] == "0.0.0.0"
    assert json.loads(runtime_instruction("ENTRYPOINT")) == ["/usr/bin/rectifier"]
    assert json.loads(runtime_instruction("CMD")) == ["serve"]
    assert not {"command", "args"} & container.keys()
    assert not {"command", "entrypoint"} & server.keys()


def test_ports_agree_everywhere(pod, container, server):
    assert runtime_instruction("EXPOSE").split() == [str(GRPC_PORT), str(HTTP_PORT)]
    ports = {"grpc": GRPC_PORT, "http": HTTP_PORT}
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == ports
    service = manifest("Service")["spec"]
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == ports
    assert pod["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(HTTP_PORT),
        "prometheus.io/path": "/metrics",
    }
    assert server["ports"] == [f"127.0.0.1:{port}:{port}" for port in (GRPC_PORT, HTTP_PORT)]


def test_deployed_image_is_this_release(container, server):
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    version = re.search(r"project\(rectifier VERSION (\S+)", cmake).group(1)
    assert container["image"] == server["image"] == f"rectifier:{version}"


def test_service_is_headless():
    assert manifest("Service")["spec"]["clusterIP"] == "None"


# Compose and Prometheus


@pytest.mark.parametrize("service", ["rectifier", "prometheus"])
def test_compose_service_is_locked_down(service):
    settings = load(COMPOSE)["services"][service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in settings["ports"])
    assert all(volume.endswith(":ro") for volume in settings["volumes"] if volume.startswith("."))
    assert not {"privileged", "network_mode", "user"} & settings.keys()


def test_compose_mounts_what_is_there(server):
    sources = [volume.split(":")[0] for volume in server["volumes"]]
    sources += [volume.split(":")[0] for volume in load(COMPOSE)["services"]["prometheus"]["volumes"]]
    paths = [COMPOSE.parent / source for source in sources if source.startswith(".")]
    assert len(paths) == 2 and all(path.exists() for path in paths)
    assert server["volumes"][0].split(":")[1] == image_environment()["RECTIFIER_MODEL_REPOSITORY"]


def test_compose_and_image_have_the_same_health_check(server):
    command = json.loads(runtime_instruction("HEALTHCHECK").partition("CMD ")[2])
    assert server["healthcheck"]["test"] == ["CMD", *command]
    assert command[-1] == f"127.0.0.1:{GRPC_PORT}"


def test_compose_grace_period_covers_the_drain(server):
    settings = server["environment"]
    drain_ms = int(settings["RECTIFIER_LAME_DUCK_MS"]) + int(settings["RECTIFIER_SHUTDOWN_TIMEOUT_MS"])
    assert seconds(server["stop_grace_period"]) >= drain_ms / 1000 + 5


def test_prometheus_scrapes_the_metrics_of_the_compose_service():
    (job,) = load(PROMETHEUS)["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert job["static_configs"] == [{"targets": [f"rectifier:{HTTP_PORT}"]}]


def test_promtool_accepts_the_prometheus_configuration():
    result = subprocess.run(
        ["promtool", "check", "config", str(PROMETHEUS)], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


# What is set must be an option of the server


def test_environment_names_only_options_of_the_server(container, server):
    used = {item["name"] for item in container["env"]} | server["environment"].keys() | image_environment().keys()
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "server" / "app").glob("*.cc"))
    for name in used:
        option = "--" + name.removeprefix("RECTIFIER_").lower().replace("_", "-")
        assert f'"{option}"' in sources, f"{name} sets no option of the server"
