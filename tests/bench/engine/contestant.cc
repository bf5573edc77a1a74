// Runs a network in the engine for run.py, which has other engines run it in turns with this one.
//
// Loads the model, answers the inputs once, and prints a JSON line: seconds from the file to that
// answer, resident memory before and after, the arithmetic that it takes, and the bytes that it
// must read or write at least: weights, inputs and outputs. Then each line on standard input
// is a command:
//
//   time SECONDS   runs it for so long; prints a JSON line of the median and the least, in ms
//   answer DIR     writes DIR/<index>.npy for each output; prints an empty line

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "server/core/npy.h"
#include "server/core/status.h"
#include "server/engine/bind_shapes.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/models/graph_loader.h"
#include "server/ops/flop.h"

namespace rectifier {
namespace {

double ResidentMiB() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

// Of those that nodes read.
double ConstantBytes(const Graph& graph) {
  std::set<const Tensor*> constants;
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.inputs) constants.insert(graph.constant(id));
  }
  double bytes = 0;
  for (const Tensor* constant : constants) {
    if (constant != nullptr) bytes += static_cast<double>(constant->bytes().size());
  }
  return bytes;
}

class Contestant {
 public:
  static absl::StatusOr<Contestant> Load(const std::string& path, int threads,
                                         const std::map<std::string, Tensor>& inputs) {
    Contestant contestant;
    contestant.path_ = path;
    RECTIFIER_ASSIGN_OR_RETURN(Graph graph, Read(path));
    std::vector<Shape>& shapes = contestant.shapes_;
    std::vector<Shape> single;
    for (const ValueId id : graph.inputs()) {
      const auto input = inputs.find(graph.value(id).name);
      if (input == inputs.end()) return InvalidArgument("inputs", "one is missing");
      contestant.inputs_.push_back(input->second.view());
      shapes.push_back(input->second.shape());
      single.push_back(shapes.back());
      const Shape& open = graph.value(id).type->shape;
      if (open.rank() > 0 && open[0] == kDynamicDim) single.back()[0] = 1;
    }
    const auto compiler = NewOneDnnCompiler({threads});
    // The weights are packed for a single sample first, as in the server.
    if (shapes != single) {
      RECTIFIER_RETURN_IF_ERROR(compiler->Compile(graph, single).status());
    }
    RECTIFIER_ASSIGN_OR_RETURN(contestant.program_, compiler->Compile(graph, shapes));
    for (const Program::Port& port : contestant.program_->outputs()) {
      RECTIFIER_ASSIGN_OR_RETURN(Tensor output, Tensor::Allocate(port.type));
      contestant.outputs_.push_back(std::move(output));
    }
    for (Tensor& output : contestant.outputs_) {
      contestant.views_.push_back(output.mutable_view());
    }
    contestant.context_ = std::make_unique<ExecutionContext>();
    // As in the server, which keeps what is packed.
    graph = Graph();
    malloc_trim(0);
    contestant.Run();
    return contestant;
  }

  struct Work {
    double flop = 0;
    double bytes = 0;
  };

  // What one run takes at least.
  absl::StatusOr<Work> LeastWork() const {
    RECTIFIER_ASSIGN_OR_RETURN(const Graph graph, Read(path_));
    RECTIFIER_ASSIGN_OR_RETURN(const Graph bound,
                               BindShapes(graph, shapes_, ComputeWith(NewOneDnnCompiler)));
    Work work{Flop(bound), ConstantBytes(bound)};
    for (const TensorView& input : inputs_) work.bytes += static_cast<double>(input.bytes.size());
    for (const Tensor& output : outputs_) {
      work.bytes += static_cast<double>(output.bytes().size());
    }
    return work;
  }

  void Run() { context_->Run(program_, inputs_, views_); }

  // Seconds of each run, after one that warms up unless it takes all of the time.
  std::vector<double> Time(double seconds) {
    const Clock& clock = SteadyClock();
    TimePoint start = clock.Now();
    Run();
    TimePoint last = clock.Now();
    if (Seconds(last - start) >= seconds) return {Seconds(last - start)};
    std::vector<double> times;
    start = last;
    do {
      Run();
      const TimePoint now = clock.Now();
      times.push_back(Seconds(now - last));
      last = now;
    } while (Seconds(last - start) < seconds);
    std::sort(times.begin(), times.end());
    return times;
  }

  absl::Status Write(const std::string& folder) const {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      RECTIFIER_RETURN_IF_ERROR(
          WriteNpy(folder + "/" + std::to_string(i) + ".npy", outputs_[i].view()));
    }
    return absl::OkStatus();
  }

 private:
  static absl::StatusOr<Graph> Read(const std::string& path) {
    RECTIFIER_ASSIGN_OR_RETURN(LoadedGraph loaded, LoadGraph(path, ImportLimits{}, PassOptions{},
                                                             NewOneDnnCompiler, SteadyClock()));
    return std::move(loaded.optimized);
  }

  std::string path_;
  std::shared_ptr<const Program> program_;
  std::vector<Shape> shapes_;
  std::vector<TensorView> inputs_;
  std::vector<Tensor> outputs_;
  std::vector<MutableTensorView> views_;
  std::unique_ptr<ExecutionContext> context_;
};

absl::StatusOr<std::map<std::string, Tensor>> ReadInputs(const std::vector<std::string>& options) {
  std::map<std::string, Tensor> inputs;
  for (const std::string& option : options) {
    const size_t split = option.find('=');
    if (split == std::string::npos) return InvalidArgument("--input", "expected NAME=FILE.npy");
    RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, ReadNpy(option.substr(split + 1)));
    inputs.emplace(option.substr(0, split), std::move(tensor));
  }
  return inputs;
}

absl::Status Obey(const std::string& line, Contestant& contestant) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "answer") {
    std::string folder;
    words >> folder;
    RECTIFIER_RETURN_IF_ERROR(contestant.Write(folder));
    std::cout << std::endl;
    return absl::OkStatus();
  }
  double seconds = 0;
  if (command != "time" || !(words >> seconds)) return InvalidArgument(line, "no such command");
  const std::vector<double> times = contestant.Time(seconds);
  const nlohmann::json report = {{"median_ms", times[times.size() / 2] * 1e3},
                                 {"min_ms", times.front() * 1e3},
                                 {"runs", times.size()}};
  std::cout << report.dump() << std::endl;
  return absl::OkStatus();
}

absl::Status Main(const std::string& model, int threads, const std::vector<std::string>& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const auto inputs, ReadInputs(options));
  const double before = ResidentMiB();
  const TimePoint start = SteadyClock().Now();
  RECTIFIER_ASSIGN_OR_RETURN(Contestant contestant, Contestant::Load(model, threads, inputs));
  const double seconds = Seconds(SteadyClock().Now() - start);
  const double after = ResidentMiB();
  RECTIFIER_ASSIGN_OR_RETURN(const Contestant::Work work, contestant.LeastWork());
  const nlohmann::json report = {{"first_answer_s", seconds},
                                 {"before_mib", before},
                                 {"after_mib", after},
                                 {"flop", work.flop},
                                 {"bytes", work.bytes}};
  std::cout << report.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    RECTIFIER_RETURN_IF_ERROR(Obey(line, contestant));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace rectifier

int main(int argc, char** argv) {
  std::string model;
  int threads = 1;
  std::vector<std::string> inputs;
  CLI::App app("Runs a network for run.py");
  app.add_option("model", model, "a model file")->required();
  app.add_option("--threads", threads, "threads of one run");
  app.add_option("--input", inputs, "NAME=FILE.npy, for each input");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = rectifier::Main(model, threads, inputs);
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}
