"""The programs as a person or a script calls them: options, exit codes, what is printed where."""

import json
import re
import tomllib

import numpy as np
import pytest
import repositories
import serving
from serving import run, run_client

COMMANDS = ("serve", "inspect", "check", "run", "bench")
CLIENT_COMMANDS = ("ready", "metadata", "infer", "classify")
MODEL = serving.SAMPLE_REPOSITORY / "digits_prelu"
IMAGES = serving.DATA / "heldout_images.npy"


def assert_usage_error(result, *parts):
    """Exit code 2, nothing on standard output, and one line that begins with the program's name and has all parts."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert_one_message(result, *parts)


def assert_one_message(result, *parts):
    messages = [line for line in result.stderr.splitlines() if re.match(r"rectifier( \w+)?: ", line)]
    assert len(messages) == 1, result.stderr
    for part in parts:
        assert str(part) in messages[0]


# Help and version


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_goes_to_standard_output(command):
    result = run(*filter(None, [command]), "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Usage: rectifier" in result.stdout
    for other in COMMANDS if command is None else [command]:
        assert other in result.stdout


@pytest.mark.parametrize("command", [None, *CLIENT_COMMANDS])
def test_help_of_the_client_goes_to_standard_output(command):
    result = run_client(*filter(None, [command]), "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Usage: rectifier-client" in result.stdout


def test_version_is_that_of_the_release_and_names_the_engine():
    cmake = (serving.ROOT / "CMakeLists.txt").read_text()
    release = re.search(r"project\(rectifier VERSION (\S+)", cmake).group(1)
    result = run("--version")
    assert result.returncode == 0
    assert re.fullmatch(rf"rectifier {re.escape(release)} \(oneDNN \d+\.\d+\.\d+, \w+\)\n", result.stdout)


def test_help_of_serve_names_every_setting_with_its_environment_variable():
    text = run("serve", "--help").stdout
    for name in settings():
        assert f"--{name} " in text
        assert f"RECTIFIER_{name.upper().replace('-', '_')}" in text


# Settings


def settings(*options, env=None):
    """What `serve` would run with, by --print-config: names and values as text."""
    result = run("serve", *options, "--print-config", env=env)
    assert result.returncode == 0, result.stderr
    lines = (line.split(" = ", 1) for line in result.stdout.splitlines())
    return {name: value.strip('"') for name, value in lines}


@pytest.fixture(name="config")
def config_fixture(tmp_path):
    """Writes a configuration file and returns its path."""

    def write(text):
        path = tmp_path / "rectifier.toml"
        path.write_text(text)
        return path

    return write


def test_print_config_shows_the_defaults():
    shown = settings()
    assert shown["host"] == "127.0.0.1"
    assert (shown["grpc-port"], shown["http-port"]) == ("8001", "8002")
    assert shown["strict"] == "false"
    assert not {"config", "print-config", "help"} & shown.keys()


def test_flag_wins_over_environment_and_environment_over_file(config):
    file = config("grpc-port = 7001\nhttp-port = 7002\nmax-batch-size = 3\n")
    env = {"RECTIFIER_GRPC_PORT": "6001", "RECTIFIER_HTTP_PORT": "6002"}
    shown = settings("--config", file, "--grpc-port", 5001, env=env)
    assert (shown["grpc-port"], shown["http-port"], shown["max-batch-size"]) == ("5001", "6002", "3")
    assert shown["workers"] == "0"


def test_every_setting_may_come_from_the_environment_or_the_file(config):
    wanted = {
        "model-repository": "/models",
        "host": "localhost",
        "grpc-port": "11",
        "http-port": "12",
        "max-batch-size": "13",
        "workers": "14",
        "intra-op-threads": "15",
        "event-threads": "24",
        "busy-poll-us": "25",
        "max-queue-items": "16",
        "max-queue-bytes": "17",
        "max-message-bytes": "18",
        "max-unsent-bytes": "21",
        "max-queue-wait-ms": "23",
        "oversize-requests": "refuse",
        "max-connection-age-seconds": "22",
        "unix-socket": "/run/rectifier.sock",
        "strict": "true",
        "allow-nan-weights": "true",
        "relaxed-forms": "true",
        "lame-duck-ms": "19",
        "shutdown-timeout-ms": "20",
        "log-level": "debug",
        "log-format": "json",
        "access-log": "sampled",
        "access-log-sample-every": "24",
        "access-log-errors-per-second": "25",
        "port-file": "/run/ports",
    }
    assert wanted.keys() == settings().keys()
    env = {f"RECTIFIER_{name.upper().replace('-', '_')}": value for name, value in wanted.items()}
    assert settings(env=env) == wanted
    plain = {"strict", "allow-nan-weights", "relaxed-forms"}
    lines = (f"{n} = {v}" if n in plain or v.isdigit() else f'{n} = "{v}"' for n, v in wanted.items())
    assert settings("--config", config("\n".join(lines))) == wanted


def test_print_config_is_a_configuration_file(config):
    options = ["--model-repository", "/a b/models", "--strict", "--max-queue-bytes", "1MiB", "--log-level", "error"]
    printed = run("serve", *options, "--print-config").stdout
    assert run("serve", "--config", config(printed), "--print-config").stdout == printed


def test_print_config_escapes_what_toml_needs_escaped(config):
    odd = 'a "quoted" name\\and a backslash'
    printed = run("serve", "--model-repository", odd, "--print-config").stdout
    assert run("serve", "--config", config(printed), "--print-config").stdout == printed
    assert tomllib.loads(printed)["model-repository"] == odd


def test_sizes_may_have_units():
    assert settings("--max-message-bytes", "2MiB")["max-message-bytes"] == str(2 << 20)
    assert settings(env={"RECTIFIER_MAX_QUEUE_BYTES": "1GiB"})["max-queue-bytes"] == str(1 << 30)


@pytest.mark.parametrize("setting", ["grcp-port = 7001", "config = 'x'"])
def test_unknown_setting_in_the_file_is_refused_with_file_and_name(config, setting):
    file = config(f"{setting}\n")
    assert_usage_error(run("serve", "--config", file, "--print-config"), file, f"'{setting.split()[0]}'")


def test_section_in_the_file_is_refused_with_file_and_name(config):
    file = config("[server]\nhost = 'x'\n")
    assert_usage_error(run("serve", "--config", file, "--print-config"), file, "[server]")


def test_bad_value_in_the_file_is_refused_with_file_and_name(config):
    file = config("grpc-port = 'many'\n")
    assert_usage_error(run("serve", "--config", file), file, "grpc-port", "many")


def test_missing_configuration_file_is_refused_with_its_path(tmp_path):
    file = tmp_path / "none.toml"
    assert_usage_error(run("serve", "--config", file), file)


def test_folder_as_configuration_file_is_refused_with_its_path(tmp_path):
    assert_usage_error(run("serve", "--config", tmp_path, "--print-config"), tmp_path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--grpc-port", "65536"),
        ("--http-port", "-1"),
        ("--grpc-port", "http"),
        ("--max-batch-size", "0"),
        ("--workers", "-1"),
        ("--intra-op-threads", "0"),
        ("--event-threads", "-1"),
        ("--busy-poll-us", "1001"),
        ("--max-queue-items", "0"),
        ("--max-message-bytes", "12 parsecs"),
        ("--max-message-bytes", "0"),
        ("--max-queue-bytes", "0"),
        ("--max-queue-bytes", "-5"),
        ("--lame-duck-ms", "-5"),
        ("--shutdown-timeout-ms", "1e9"),
        ("--log-level", "loud"),
        ("--log-format", "xml"),
    ],
)
def test_bad_value_of_an_option_is_refused_with_its_name(tmp_path, option, value):
    # Were the value taken, the empty repository would end the server, with another message.
    assert_usage_error(run("serve", "--model-repository", tmp_path, option, value), option)


def test_bad_value_in_the_environment_is_refused_with_the_options_name(tmp_path):
    result = run("serve", "--model-repository", tmp_path, env={"RECTIFIER_GRPC_PORT": "http"})
    assert_usage_error(result, "--grpc-port", "http")
    result = run("check", tmp_path, env={"RECTIFIER_WORKERS": "1025"})
    assert_usage_error(result, "--workers", "1025")


@pytest.mark.parametrize("arguments", [[], ["--verbose"], ["serve", "--verbose"], ["inspect"], ["bench", "--batch", "0"]])
def test_wrong_usage_ends_with_2_and_points_to_the_help(arguments):
    result = run(*arguments)
    assert_usage_error(result)
    assert "--help" in result.stderr


def test_unknown_command_is_named():
    assert_usage_error(run("frobnicate"), "'frobnicate'")


# Start of the server


def serve(*options, grpc_port=0, http_port=0):
    return run("serve", "--grpc-port", grpc_port, "--http-port", http_port, *options)


def test_serve_without_a_repository_is_refused():
    assert_usage_error(serve(), "--model-repository")


def test_missing_repository_ends_with_2_and_its_path(tmp_path):
    assert_usage_error(serve("--model-repository", tmp_path / "none"), tmp_path / "none")


def test_empty_repository_ends_with_2_and_its_path(tmp_path):
    assert_usage_error(serve("--model-repository", tmp_path), tmp_path)


@pytest.mark.parametrize("which", ["grpc_port", "http_port"])
def test_port_in_use_ends_with_1_and_names_the_port(which):
    with serving.taken_port() as port:
        result = serve("--model-repository", serving.SAMPLE_REPOSITORY, **{which: port})
    assert result.returncode == 1
    assert_one_message(result, f"127.0.0.1:{port}", "cannot listen")
    assert len(result.stderr.splitlines()) == 1, result.stderr


@pytest.mark.parametrize("which", ["grpc_port", "http_port"])
def test_failed_start_logs_nothing_but_json_when_asked_for(which):
    with serving.taken_port() as port:
        result = serve("--model-repository", serving.SAMPLE_REPOSITORY, "--log-format", "json", **{which: port})
    assert result.returncode == 1
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    (error,) = [line for line in lines if line["level"] == "error"]
    assert f"127.0.0.1:{port}" in error["error"]


def test_port_file_that_cannot_be_written_ends_with_1_and_its_path(tmp_path):
    file = tmp_path / "none" / "ports"
    result = serve("--model-repository", serving.SAMPLE_REPOSITORY, "--port-file", file)
    assert result.returncode == 1
    assert_one_message(result, file)


def test_every_log_line_is_json_when_asked_for(tmp_path):
    repositories.add_sample(tmp_path, "digits_prelu")
    repositories.add_model(tmp_path, "bad", repositories.truncated())
    with serving.Server(tmp_path, "--log-format", "json", "--log-level", "debug") as server:
        assert server.stop() == 0
        lines = [json.loads(line) for line in server.log().splitlines()]
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
    messages = [line["message"] for line in lines]
    assert messages.index("starting") < messages.index("model ready") < messages.index("stopping")
    assert messages[-1] == "stopped"
    (bad,) = [line for line in lines if line.get("model") == "bad"]
    assert (bad["level"], bad["version"]) == ("error", "1")
    assert "model.onnx" in bad["error"]


def test_log_level_error_is_silent_while_nothing_is_wrong():
    with serving.Server(serving.SAMPLE_REPOSITORY, "--log-level", "error") as server:
        assert server.stop() == 0
        assert server.log() == ""


# check and inspect


def test_check_of_good_models_ends_with_0():
    result = run("check", *(serving.SAMPLE_REPOSITORY / model for model in serving.SAMPLE_MODELS))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(": can be served\n") == len(serving.SAMPLE_MODELS)


@pytest.mark.parametrize("path", [MODEL, MODEL / "1", MODEL / "1" / "model.onnx"], ids=["model", "version", "file"])
def test_model_may_be_given_as_model_version_or_file(path):
    assert run("check", path).returncode == 0


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (repositories.truncated, ["model.onnx"]),
        (repositories.with_unknown_operator, ["/act1/PRelu", repositories.UNKNOWN_OPERATOR]),
    ],
    ids=["truncated", "unknown operator"],
)
def test_check_of_a_bad_model_ends_with_1_and_says_why(tmp_path, content, parts):
    file = repositories.add_model(tmp_path, "bad", content())
    result = run("check", MODEL, file)
    assert result.returncode == 1
    assert f"{MODEL}: can be served" in result.stdout
    assert f"{file}: cannot be served" in result.stdout
    reason, hint = result.stderr.splitlines()
    for part in parts:
        assert part in reason
    assert hint.startswith("  what to do: ")


def test_check_of_a_missing_model_ends_with_2_and_its_path(tmp_path):
    bad = repositories.add_model(tmp_path, "bad", repositories.truncated())
    result = run("check", tmp_path / "none", bad)
    assert result.returncode == 2
    assert str(tmp_path / "none") in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["bench", "--batch", "1,2", "--threads", "1", MODEL, "--seconds", "0.01"],
        ["bench", "--shape", "image=1x1x8x8", MODEL, "--seconds", "0.01"],
        ["inspect", "--without-pass", "dead-code", MODEL],
        ["check", "--max-batch-size", "4", MODEL],
    ],
    ids=["bench", "shape", "inspect", "check"],
)
def test_options_may_stand_before_the_model(arguments):
    result = run(*arguments)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["bench", MODEL, "--shape", "image=1x"], ["--shape", "1x3x112x112"]),
        (["bench", MODEL, "--shape", "1x1x8x8"], ["--shape", "NAME="]),
        (["bench", MODEL, "--seconds", "nan"], ["--seconds", "number"]),
        (["inspect", MODEL, "--without-pass", "nonsense"], ["--without-pass", "nonsense", "fuse-post-ops"]),
        (["serve", "--model-repository", MODEL, "--max-message-bytes", "2GiB"], ["--max-message-bytes", "2147483647"]),
    ],
    ids=["shape", "name", "nan", "pass", "bytes"],
)
def test_malformed_option_is_wrong_usage(arguments, parts):
    assert_usage_error(run(*arguments), *parts)


@pytest.mark.parametrize(
    ("model", "node", "origin"),
    [("digits_prelu", "PRelu", "learned"), ("digits_leaky_relu", "LeakyRelu", "hyperparameter")],
)
def test_inspect_tells_of_all_four_rectifiers_where_their_slope_is_from(model, node, origin):
    result = run("inspect", serving.SAMPLE_REPOSITORY / model)
    assert result.returncode == 0, result.stderr
    for layer in range(1, 5):
        (line,) = [line for line in result.stdout.splitlines() if f"/act{layer}/{node}" in line]
        assert re.match(rf"\s+/act{layer}/{node}\s+{node}\s+{origin}\s", line)


def test_inspect_prints_the_graph_before_and_after_the_passes():
    text = run("inspect", MODEL, "--graph", "both").stdout
    before, after = text.split("graph before the passes")[1].split("graph after the passes")
    assert "BatchNormalization" in before
    assert "BatchNormalization" not in after


def test_inspect_of_a_missing_model_ends_with_2_and_its_path(tmp_path):
    result = run("inspect", tmp_path / "none")
    assert_usage_error(result, tmp_path / "none")


# run and bench


def test_run_writes_each_output_and_says_where(tmp_path):
    np.save(tmp_path / "one.npy", serving.held_out_images()[:1])
    result = run("run", MODEL, "--input", f"image={tmp_path / 'one.npy'}", "--output-dir", tmp_path / "new" / "out")
    assert result.returncode == 0, result.stderr
    file = tmp_path / "new" / "out" / "logits.npy"
    assert str(file) in result.stdout
    assert np.load(file).shape == (1, 10)


@pytest.mark.parametrize(
    ("array", "assignment", "code", "parts"),
    [
        (np.zeros((1, 1, 8, 8), np.float64), "image={}", 1, ["image", "f32[?, 1, 8, 8]", "f64[1, 1, 8, 8]"]),
        (np.zeros((1, 64), np.float32), "image={}", 1, ["image", "f32[?, 1, 8, 8]", "f32[1, 64]"]),
        (np.zeros((1, 1, 8, 8), np.float32), "picture={}", 1, ["image", "missing"]),
        (np.zeros((1, 1, 8, 8), np.float32), "image=none.npy", 2, ["none.npy"]),
        (np.zeros((1, 1, 8, 8), np.float32), "{}", 2, ["--input", "NAME="]),
    ],
    ids=["dtype", "shape", "name", "file", "form"],
)
def test_run_refuses_a_bad_input_and_names_it(tmp_path, array, assignment, code, parts):
    np.save(tmp_path / "in.npy", array)
    result = run(
        "run", MODEL, "--input", assignment.format(tmp_path / "in.npy"), "--output-dir", tmp_path / "out", cwd=tmp_path
    )
    assert result.returncode == code
    assert_one_message(result, *parts)
    assert not (tmp_path / "out").exists()


def test_run_refuses_an_input_that_the_model_does_not_have(tmp_path):
    result = run("run", MODEL, *("--input", f"image={IMAGES}"), *("--input", f"mask={IMAGES}"), "--output-dir", tmp_path)
    assert result.returncode == 1
    assert_one_message(result, "mask")


def test_bench_prints_one_json_object_for_each_combination():
    result = run("bench", MODEL, "--batch", "1,8", "--threads", "1,2", "--seconds", 0.01, "--json")
    assert result.returncode == 0, result.stderr
    rows = json.loads(result.stdout)
    assert [(row["threads"], row["batch"]) for row in rows] == [(1, 1), (1, 8), (2, 1), (2, 8)]
    for row in rows:
        assert row.keys() == {"batch", "threads", "median_ms", "min_ms", "runs"}
        assert 0 < row["min_ms"] <= row["median_ms"]
        assert row["runs"] >= 1


def test_bench_profiles_step_by_step():
    result = run("bench", MODEL, "--batch", "8", "--seconds", 0.01, "--profile", "--json")
    assert result.returncode == 0, result.stderr
    (row,) = json.loads(result.stdout)
    steps = row["profile"]
    assert {"Conv", "Gemm"} <= {step["step"] for step in steps}
    # A step of its own, or what a convolution does on the way.
    assert any(step["step"] == "MaxPool" or "max of 2x2" in step["detail"] for step in steps)
    for step in steps:
        assert step.keys() == {"node", "step", "implementation", "detail", "ms", "gflop", "bytes"}
        assert step["ms"] >= 0
        assert step["bytes"] > 0
    # Each convolution's and product's arithmetic is counted once, at a step of its own.
    computing = [step for step in steps if step["gflop"] > 0]
    assert len(computing) == len({step["node"] for step in computing}) == 5


def test_a_profile_for_people_ends_with_the_time_of_a_run():
    result = run("bench", MODEL, "--seconds", 0.01, "--profile")
    assert result.returncode == 0, result.stderr
    assert "GFLOP/s" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("steps ")


def test_bench_prints_a_table_for_people():
    result = run("bench", MODEL, "--seconds", 0.01)
    assert result.returncode == 0, result.stderr
    header, row = result.stdout.splitlines()
    assert "median ms" in header
    assert row.split()[:2] == ["1", "1"]


# The client's errors


def assert_client_error(result, code, *parts):
    assert result.returncode == code
    (line,) = result.stderr.splitlines()
    assert line.startswith("rectifier-client: ")
    for part in parts:
        assert str(part) in line


@pytest.mark.parametrize("command", [["ready"], ["metadata"], ["infer", "--model", "m", "--input", f"image={IMAGES}"]])
def test_client_names_the_server_that_it_cannot_reach(command):
    with serving.taken_port(listening=False) as port:
        result = run_client(*command, "--server", f"127.0.0.1:{port}", "--timeout", 20)
    assert_client_error(result, 1, f"127.0.0.1:{port}", "[UNAVAILABLE]")


def test_client_names_the_model_that_is_unknown(server):
    result = run_client("infer", "--server", server.grpc, "--model", "nobody", "--input", f"image={IMAGES}")
    assert_client_error(result, 1, "'nobody'", "[NOT_FOUND]")


def test_client_passes_on_what_is_wrong_with_a_shape(server, tmp_path):
    np.save(tmp_path / "in.npy", np.zeros((1, 1, 4, 16), np.float32))
    result = run_client(
        "infer", "--server", server.grpc, "--model", "digits_prelu", "--input", f"image={tmp_path / 'in.npy'}"
    )
    assert_client_error(result, 1, "input 'image'", "[?, 1, 8, 8]", "[1, 1, 4, 16]", "[INVALID_ARGUMENT]")


def test_client_names_the_file_that_it_cannot_read(server, tmp_path):
    result = run_client(
        "infer", "--server", server.grpc, "--model", "digits_prelu", "--input", f"image={tmp_path / 'none.npy'}"
    )
    assert_client_error(result, 1, tmp_path / "none.npy")


def test_client_misses_an_accuracy_with_1(server):
    wrong = np.full(360, 10)
    labels = server.directory / "labels.npy"
    np.save(labels, wrong)
    result = run_client(
        "classify",
        *("--server", server.grpc, "--model", "digits_prelu", "--images", IMAGES),
        *("--labels", labels, "--min-accuracy", 0.5, "--show", 0),
    )
    assert_client_error(result, 1, "0.5")


def test_client_infer_writes_what_the_server_answers(server, tmp_path):
    np.save(tmp_path / "in.npy", serving.held_out_images()[:4])
    result = run_client(
        "infer",
        *("--server", server.grpc, "--model", "digits_prelu"),
        *("--input", f"image={tmp_path / 'in.npy'}", "--output-dir", tmp_path / "out"),
    )
    assert result.returncode == 0, result.stderr
    expected = serving.recorded_logits("digits_prelu")[:4]
    np.testing.assert_allclose(np.load(tmp_path / "out" / "logits.npy"), expected, rtol=1e-5, atol=1e-5)


def test_client_metadata_is_json_when_asked_for(server):
    result = run_client("metadata", "--server", server.grpc, "--model", "digits_prelu", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 1, 8, 8]}]


def test_client_ready_answers_by_exit_code(server):
    assert run_client("ready", "--server", server.grpc).returncode == 0
    assert run_client("ready", "--model", "digits_prelu", env={"RECTIFIER_SERVER": server.grpc}).returncode == 0
    assert_client_error(run_client("ready", "--server", server.grpc, "--model", "nobody"), 1, "'nobody'")


def test_client_without_a_command_or_with_a_bad_option_ends_with_2():
    assert run_client().returncode == 2
    assert run_client("ready", "--timeout", "soon").returncode == 2
