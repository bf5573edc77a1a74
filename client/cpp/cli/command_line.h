#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/cpp/cli/image.h"
#include "client/cpp/cli/picture_model.h"

namespace rectifier::client::cli {

struct ConnectionOptions {
  std::string server = "127.0.0.1:8001";
  double timeout_seconds = 30;
  bool tls = false;  // implied by any of the files
  std::filesystem::path tls_ca;
  std::filesystem::path tls_certificate;
  std::filesystem::path tls_key;
  std::filesystem::path token_file;
};

struct ReadyOptions {
  std::string model;
  std::string version;
  double wait_seconds = 0;
};

struct MetadataOptions {
  std::string model;
  std::string version;
  bool json = false;
};

struct InferOptions {
  std::string model;
  std::string version;
  std::vector<std::pair<std::string, std::filesystem::path>> inputs;
  std::vector<std::string> outputs;
  std::filesystem::path output_dir;  // empty: print
};

struct ClassifyOptions {
  std::string model;
  std::string version;
  std::vector<std::filesystem::path> files;  // or
  std::filesystem::path images;
  std::filesystem::path labels;
  PictureOptions picture;
  Normalization normalization;
  float background = 0;
  int concurrency = 4;
  int batch_size = 1;  // 0: all pictures in one request
  int show = 8;
  bool list = false;
  double min_accuracy = 0;
};

struct CommandLine {
  ConnectionOptions connection;
  std::variant<ReadyOptions, MetadataOptions, InferOptions, ClassifyOptions> command;
};

// The parsed arguments (the program's name not among them), or the code to exit with at once: 0
// after --help and --version, which print on `out`, 2 for wrong usage, which prints on `err`.
std::variant<CommandLine, int> ParseCommandLine(const std::vector<std::string>& arguments,
                                                std::ostream& out, std::ostream& err);

}  // namespace rectifier::client::cli
