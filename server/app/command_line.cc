#include "server/app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <thread>

#include "server/app/byte_size.h"
#include "server/app/commands.h"
#include "server/app/config_file.h"
#include "server/app/exit_codes.h"
#include "server/app/tensor_files.h"
#include "server/app/version.h"
#include "server/batching/batching_policy.h"
#include "server/core/log.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/passes/pass.h"

namespace rectifier {
namespace {

constexpr char kFooter[] =
    "Exit codes: 0 done, 1 failed (or the answer is no), 2 wrong usage or nothing there.\n"
    "`rectifier COMMAND --help` says more about a command.";

constexpr char kModelHelp[] = "model file, or a model's or version's folder in a repository";

// "--max-batch-size" may also be given as RECTIFIER_MAX_BATCH_SIZE.
CLI::Option* FromEnvironment(CLI::Option* option) {
  std::string name = "RECTIFIER_" + option->get_lnames().front();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return option->envname(name);
}

// Fills in the value that an option has when nobody sets it, for --help and --print-config.
template <typename T>
CLI::Option* Setting(CLI::App* command, const std::string& name, T& value,
                     const std::string& help) {
  return FromEnvironment(command->add_option(name, value, help)->capture_default_str());
}

// Replaces "64MiB" by the number that it stands for.
CLI::Validator ByteSize(int64_t most = kMaxByteSize) {
  return CLI::Validator(
      [most](std::string& text) -> std::string {
        const auto bytes = ParseByteSize(text);
        if (!bytes.ok()) return std::string(Message(bytes.status()));
        if (*bytes > most) return fmt::format("'{}': expected at most {} bytes", text, most);
        text = std::to_string(*bytes);
        return "";
      },
      "BYTES");
}

// A value that `parse` takes; it is kept as text.
template <typename T>
CLI::Validator Parsable(absl::StatusOr<T> (*parse)(const std::string&)) {
  return CLI::Validator(
      [parse](std::string& text) { return std::string(Message(parse(text).status())); }, "");
}

// CLI::Range takes NaN, which compares with nothing.
CLI::Validator NotNan() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return std::isnan(std::strtod(text.c_str(), nullptr)) ? "expected a number" : "";
      },
      "");
}

absl::StatusOr<Shape> ParseShapeOfInput(const std::string& text) {
  RECTIFIER_ASSIGN_OR_RETURN(const auto assignment, SplitAssignment(text));
  return ParseShape(assignment.second);
}

std::set<std::string> PassNames() {
  std::set<std::string> names;
  for (const Pass& pass : PassList()) names.emplace(pass.name);
  return names;
}

constexpr const char* kRelaxedFormsHelp =
    "recognise the activation also in forms that round differently";

// The settings that decide whether a model can be served.
void AddModelSettings(CLI::App* command, ServeOptions& options) {
  Setting(command, "--max-batch-size", options.max_batch_size,
          "most samples in one batch, of models whose config.pbtxt does not say")
      ->check(CLI::Range(int64_t{1}, kLargestMaxBatch));
  Setting(command, "--workers", options.workers,
          "batches that run at the same time; 0: one for each physical core that the process may "
          "use, within the cgroup's CPU quota. They share the memory for running networks")
      ->check(CLI::Range(0, 1024));
  Setting(command, "--intra-op-threads", options.intra_op_threads, "threads that one batch runs on")
      ->check(CLI::Range(1, 1024));
  FromEnvironment(command->add_flag("--allow-nan-weights", options.allow_nan_weights,
                                    "load models whose weights hold NaN"));
  FromEnvironment(command->add_flag("--relaxed-forms", options.relaxed_forms, kRelaxedFormsHelp));
}

void AddServe(CLI::App& app, ServeOptions& options, std::string& config, bool& print_config) {
  CLI::App* serve = app.add_subcommand("serve", "Serve the models of a repository over gRPC");
  Setting(serve, "--model-repository", options.model_repository,
          "folder with NAME/VERSION/model.onnx, .keras or .h5 below it (required)");
  Setting(serve, "--host", options.host,
          "address to listen on; the ports are plaintext, so leave loopback only inside a trusted "
          "network");
  Setting(serve, "--grpc-port", options.grpc_port, "port for inference; 0 takes a free one")
      ->check(CLI::Range(0, 65535));
  Setting(serve, "--unix-socket", options.unix_socket,
          "path of a Unix socket to listen on for inference, too");
  Setting(serve, "--http-port", options.http_port,
          "port for /metrics and /healthz/{live,ready,startup}; 0 takes a free one")
      ->check(CLI::Range(0, 65535));
  AddModelSettings(serve, options);
  Setting(serve, "--event-threads", options.event_threads,
          "threads that receive requests and run those batches that are shorter than it takes to "
          "wake a worker; 0: one for every eight CPUs that the process may use, within the "
          "cgroup's CPU quota")
      ->check(CLI::Range(0, 64));
  Setting(
      serve, "--busy-poll-us", options.busy_poll_us,
      "how long the thread that receives requests looks for the next one before it sleeps, where "
      "the last came so soon; 0, with several event threads, or on one CPU: not at all")
      ->check(CLI::Range(0, 1'000));
  Setting(serve, "--max-queue-items", options.max_queue_items,
          "requests that may wait for one model; above it RESOURCE_EXHAUSTED")
      ->check(CLI::Range(1, 10'000'000));
  Setting(serve, "--max-queue-bytes", options.max_queue_bytes,
          "bytes that they may hold together (256MiB, 1GiB, …)")
      ->transform(ByteSize());
  Setting(serve, "--max-queue-wait-ms", options.max_queue_wait_ms,
          "longest time that a request may be expected to wait when it comes; above it "
          "RESOURCE_EXHAUSTED")
      ->check(CLI::Range(1, 3'600'000));
  Setting(serve, "--oversize-requests", options.oversize_requests,
          "what becomes of requests with more samples than a batch: split or refuse")
      ->check(CLI::IsMember({"split", "refuse"}));
  Setting(serve, "--max-message-bytes", options.max_message_bytes,
          "largest request and reply, below 2GiB")
      ->transform(ByteSize(std::numeric_limits<int32_t>::max()));  // what gRPC can count
  Setting(serve, "--max-unsent-bytes", options.max_unsent_bytes,
          "bytes of replies that clients have not read yet; above it RESOURCE_EXHAUSTED")
      ->transform(ByteSize());
  Setting(serve, "--max-connection-age-seconds", options.max_connection_age_seconds,
          "age at which a connection is closed, so that clients find new servers; calls and "
          "streams on it may last 30 seconds more; 0: none")
      ->check(CLI::Range(0, 1'000'000));
  FromEnvironment(
      serve->add_flag("--strict", options.strict, "a model that cannot be loaded ends the server"));
  Setting(serve, "--lame-duck-ms", options.lame_duck_ms,
          "after SIGTERM: how long to go on serving while health says NOT_SERVING")
      ->check(CLI::Range(0, 600'000));
  Setting(serve, "--shutdown-timeout-ms", options.shutdown_timeout_ms,
          "then: how long requests under way may take")
      ->check(CLI::Range(0, 600'000));
  Setting(serve, "--log-level", options.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  Setting(serve, "--log-format", options.log_format, "text for people, json for machines")
      ->check(CLI::IsMember({"text", "json"}));
  Setting(
      serve, "--access-log", options.access_log,
      "requests that the log tells of: off, errors (those that fail), sampled (those and one of "
      "every --access-log-sample-every others) or all")
      ->check(CLI::IsMember({"off", "errors", "sampled", "all"}));
  Setting(serve, "--access-log-sample-every", options.access_log_sample_every,
          "of how many requests that succeed --access-log sampled tells one")
      ->check(CLI::Range(1, 1'000'000'000));
  Setting(
      serve, "--access-log-errors-per-second", options.access_log_errors_per_second,
      "failed requests that --access-log errors and sampled tell of in a second; the others are "
      "counted")
      ->check(CLI::Range(1, 1'000'000));
  Setting(serve, "--port-file", options.port_file,
          "file to write the addresses to (grpc=…, http=…) once the server is ready");
  serve->add_option("--config", config,
                    "TOML file with `option = value` lines; flags win over the environment, the "
                    "environment over the file");
  serve->add_flag("--print-config", print_config, "print every setting with its value and exit");
  serve->footer(
      "Every option but --config and --print-config may also be given in the environment: "
      "--grpc-port as RECTIFIER_GRPC_PORT, a flag as RECTIFIER_STRICT=true.\n"
      "SIGTERM and SIGINT stop the server: health says NOT_SERVING, requests are served for "
      "--lame-duck-ms, then what is under way completes. No client that watches health, or turns "
      "away within that time, loses a request. A second signal ends the server at once.");
}

void AddInspect(CLI::App& app, InspectOptions& options) {
  CLI::App* inspect =
      app.add_subcommand("inspect", "Show a model's network, before and after the passes");
  inspect->add_option("model", options.model, kModelHelp)->required()->type_name("MODEL");
  inspect->add_option("--graph", options.graph, "print the graph as text: before, after or both")
      ->check(CLI::IsMember({"before", "after", "both", "none"}));
  inspect->add_option("--without-pass", options.without, "leave a pass out (may be repeated)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember(PassNames()));
  inspect->add_flag("--relaxed-forms", options.relaxed_forms, kRelaxedFormsHelp);
  inspect->add_flag("--json", options.json, "everything as one JSON object");
  inspect->add_flag("--dot", options.dot,
                    "the graph for Graphviz, after the passes or as --graph says");
}

void AddCheck(CLI::App& app, CheckOptions& options) {
  CLI::App* check =
      app.add_subcommand("check", "Say whether models can be served, and if not, why");
  check->add_option("models", options.models, kModelHelp)->required()->type_name("MODEL");
  AddModelSettings(check, options.serving);
  check->add_flag("--json", options.json, "a list of {model, servable, max_batch, problems, hint}");
  check->footer(
      "Exit code 0 when all of them can be served, 1 when one cannot, 2 when one is not there. The "
      "bounds on memory are those that a server with the same options would have here.");
}

void AddRun(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand("run", "Run one inference, without a server");
  run->add_option("model", options.model, kModelHelp)->required()->type_name("MODEL");
  CLI::Option_group* inputs = run->add_option_group("+inputs");
  inputs->require_option(1, 0);
  inputs->add_option("--input", options.inputs, "NAME=FILE.npy, one for each input")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false)
      ->check(Parsable(SplitAssignment));
  inputs
      ->add_option("--random", options.random,
                   "seed of pseudo-random values for the inputs that no file is given for")
      ->type_name("SEED");
  run->add_option("--output-dir", options.output_dir,
                  "folder for NAME.npy of each output; characters outside [A-Za-z0-9._-] become _")
      ->type_name("DIR");
  run->add_option(
         "--compare", options.compare_dir,
         "folder with NAME.npy of each output as it should be; exit code 1 when an element "
         "differs by more than --atol + --rtol times its size")
      ->type_name("DIR");
  run->add_option("--rtol", options.rtol, "relative tolerance of --compare")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->check(NotNan());
  run->add_option("--atol", options.atol, "absolute tolerance of --compare")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->check(NotNan());
  run->add_flag("--relaxed-forms", options.relaxed_forms, kRelaxedFormsHelp);
  run->add_option("--threads", options.threads, "threads to run on")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
}

void AddBench(CLI::App& app, BenchOptions& options) {
  CLI::App* bench = app.add_subcommand("bench", "Time a model's engine, without a server");
  bench->add_option("model", options.model, kModelHelp)->required()->type_name("MODEL");
  bench->add_option("--batch", options.batches, "batch sizes: 1,8")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  bench->add_option("--threads", options.threads, "numbers of threads: 1,2")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  bench
      ->add_option("--shape", options.shapes,
                   "NAME=1x3x112x112: an input's shape where the model leaves it open; --batch "
                   "replaces the first dimension")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false)
      ->check(Parsable(ParseShapeOfInput));
  bench->add_option("--seconds", options.seconds, "how long to measure each combination")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 600.0))
      ->check(NotNan());
  bench->add_flag("--relaxed-forms", options.relaxed_forms, kRelaxedFormsHelp);
  bench->add_flag(
      "--profile", options.profile,
      "what each step of the network takes, by which implementation, and what it reads and writes");
  bench->add_flag(
      "--json", options.json,
      "a list of {batch, threads, median_ms, min_ms, runs}, with --profile also {profile}");
}

int PrintError(const absl::Status& status) {
  std::cerr << "rectifier: " << Message(status) << "\n";
  return kExitUsage;
}

int RunServe(CLI::App& command, ServeOptions& options, const std::string& config,
             bool print_config) {
  if (!config.empty()) {
    const absl::Status status = ApplyConfigFile(config, command);
    if (!status.ok()) return PrintError(status);
  }
  if (print_config) {
    PrintConfig(command, std::cout);
    return kExitDone;
  }
  if (options.model_repository.empty()) {
    return PrintError(absl::InvalidArgumentError(
        "--model-repository: is required (or RECTIFIER_MODEL_REPOSITORY)"));
  }
  return Serve(options);
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("Rectifier serves trained networks with LeakyReLU and PReLU layers on CPUs.",
               "rectifier");
  app.set_version_flag("--version", [] {
    return fmt::format("rectifier {} (oneDNN {}, {})", Version(), OneDnnVersion(), OneDnnIsa());
  });
  app.require_subcommand(1);
  app.footer(kFooter);
  ServeOptions serve;
  InspectOptions inspect;
  CheckOptions check;
  RunOptions run;
  BenchOptions bench;
  std::string config;
  bool print_config = false;
  AddServe(app, serve, config, print_config);
  AddInspect(app, inspect);
  AddCheck(app, check);
  AddRun(app, run);
  AddBench(app, bench);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::Error& error) {
    const bool no_command = app.get_subcommands().empty() && !app.remaining().empty();
    std::cerr << "rectifier: "
              << (no_command ? fmt::format("there is no command '{}'", app.remaining().front())
                             : error.what())
              << "\n"
              << "`rectifier --help` lists the commands and options.\n";
    return kExitUsage;
  }
  CLI::App& command = *app.get_subcommands().front();
  const absl::Status environment = ApplyEnvironment(command);
  if (!environment.ok()) return PrintError(environment);
  const absl::Status cpu = CheckCpu();
  if (!cpu.ok()) {
    std::cerr << "rectifier: " << Message(cpu) << "\n";
    return kExitFailed;
  }
  const std::string name = command.get_name();
  if (name == "serve") return RunServe(command, serve, config, print_config);
  // The other commands speak to a person: their log is what went unexpectedly.
  log::Configure(log::Level::kWarning, log::Format::kText);
  if (name == "inspect") return Inspect(inspect);
  if (name == "check") return Check(check);
  if (name == "run") return Run(run);
  return Bench(bench);
}

}  // namespace rectifier
