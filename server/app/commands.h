#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rectifier {

// Each command takes its options as they were parsed and checked, writes its result to standard
// output and errors to standard error, and returns the program's exit code (exit_codes.h).

struct ServeOptions {
  std::string model_repository;
  std::string host = "127.0.0.1";
  int grpc_port = 8001;
  std::string unix_socket;  // empty: none
  int http_port = 8002;
  int64_t max_batch_size = 32;
  int workers = 0;  // 0: from the CPUs that the process may use
  int intra_op_threads = 1;
  int event_threads = 0;  // 0: from those CPUs
  int64_t busy_poll_us = 100;
  int64_t max_queue_items = 1024;
  int64_t max_queue_bytes = int64_t{256} << 20;
  int64_t max_queue_wait_ms = 10'000;
  std::string oversize_requests = "split";  // or "refuse"
  int64_t max_message_bytes = int64_t{64} << 20;
  int64_t max_unsent_bytes = int64_t{256} << 20;
  int64_t max_connection_age_seconds = 300;
  bool strict = false;
  bool allow_nan_weights = false;
  bool relaxed_forms = false;
  int64_t lame_duck_ms = 1500;
  int64_t shutdown_timeout_ms = 20000;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string access_log = "errors";  // or "off", "sampled", "all"
  int64_t access_log_sample_every = 100;
  int64_t access_log_errors_per_second = 10;
  std::string port_file;
};
int Serve(const ServeOptions& options);

struct InspectOptions {
  std::string model;
  std::string graph = "none";  // before, after, both, none
  std::vector<std::string> without;
  bool relaxed_forms = false;
  bool json = false;
  bool dot = false;
};
int Inspect(const InspectOptions& options);

struct CheckOptions {
  std::vector<std::string> models;
  ServeOptions serving;  // of the server that would serve them
  bool json = false;
};
int Check(const CheckOptions& options);

struct RunOptions {
  std::string model;
  std::vector<std::string> inputs;  // NAME=FILE.npy
  std::optional<uint64_t> random;   // seed of the inputs that no file is given for
  std::string output_dir;           // may be empty
  std::string compare_dir;          // may be empty
  double rtol = 1e-4;
  double atol = 1e-5;
  int threads = 1;
  bool relaxed_forms = false;
};
int Run(const RunOptions& options);

struct BenchOptions {
  std::string model;
  std::vector<int64_t> batches = {1};
  std::vector<int> threads = {1};
  std::vector<std::string> shapes;  // NAME=1x3x112x112
  double seconds = 1;
  bool profile = false;
  bool json = false;
  bool relaxed_forms = false;
};
int Bench(const BenchOptions& options);

}  // namespace rectifier
