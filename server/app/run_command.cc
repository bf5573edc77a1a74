#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <set>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/load_options.h"
#include "server/app/tensor_comparison.h"
#include "server/app/tensor_files.h"
#include "server/core/npy.h"
#include "server/core/status.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/models/probe.h"

namespace rectifier {
namespace {

absl::StatusOr<std::map<std::string, Tensor>> ReadInputs(const std::vector<std::string>& options) {
  std::map<std::string, Tensor> inputs;
  for (const std::string& option : options) {
    RECTIFIER_ASSIGN_OR_RETURN(const auto assignment, SplitAssignment(option));
    RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, ReadNpy(assignment.second));
    if (!inputs.emplace(assignment.first, std::move(tensor)).second) {
      return InvalidArgument("--input", "{} is given twice", assignment.first);
    }
  }
  return inputs;
}

// Makes the inputs that no file is given for, of the types that a program for one sample has.
absl::Status AddRandomInputs(const Graph& graph, uint64_t seed,
                             std::map<std::string, Tensor>& inputs) {
  const auto compiler = NewOneDnnCompiler({});
  RECTIFIER_ASSIGN_OR_RETURN(const Probe probe, CompileProbe(*compiler, graph));
  for (const Program::Port& port : probe.program->inputs()) {
    if (!inputs.contains(port.name)) inputs.emplace(port.name, SeededTensor(port.type, seed));
    ++seed;
  }
  return absl::OkStatus();
}

// The tensors in the order of the graph's inputs, as it wants them.
absl::StatusOr<std::vector<TensorView>> Arrange(const Graph& graph,
                                                std::map<std::string, Tensor>& inputs) {
  std::vector<TensorView> views;
  for (const ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    const auto found = inputs.find(value.name);
    if (found == inputs.end()) {
      return InvalidArgument(
          value.name, "input is missing: give --input {}=FILE.npy, or --random SEED", value.name);
    }
    if (value.type->dtype == DType::kBFloat16 && found->second.dtype() == DType::kFloat32) {
      RECTIFIER_ASSIGN_OR_RETURN(found->second, BFloatsOfFloats(found->second));
    }
    const TensorType& type = found->second.type();
    if (type.dtype != value.type->dtype || !Matches(type.shape, value.type->shape)) {
      return InvalidArgument(value.name, "expected {}{}, got {}{}", Name(value.type->dtype),
                             value.type->shape.ToString(), Name(type.dtype), type.shape.ToString());
    }
    views.push_back(found->second.view());
  }
  if (inputs.size() != views.size()) {
    for (const auto& input : inputs) {
      const std::string& name = input.first;
      const auto is_this = [&](ValueId id) { return graph.value(id).name == name; };
      if (std::none_of(graph.inputs().begin(), graph.inputs().end(), is_this)) {
        return InvalidArgument(name, "the model has no input of this name");
      }
    }
  }
  return views;
}

// Compares every output with the file of its name; the difference of each is printed.
absl::Status CompareOutputs(const Program& program, const std::vector<Tensor>& outputs,
                            const RunOptions& options) {
  std::string worst;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = program.outputs()[i].name;
    const std::filesystem::path path =
        std::filesystem::path(options.compare_dir) / OutputFileName(name);
    RECTIFIER_ASSIGN_OR_RETURN(const Tensor want, ReadNpy(path));
    if (want.type() != outputs[i].type()) {
      return InvalidArgument(name, "is {}{}, and {}{} in {}", Name(outputs[i].dtype()),
                             outputs[i].shape().ToString(), Name(want.dtype()),
                             want.shape().ToString(), path.string());
    }
    const TensorDifference difference =
        CompareTensors(outputs[i].view(), want.view(), options.rtol, options.atol);
    std::cout << fmt::format(
        "{} differs by at most {:.3g}, and in {} of {} elements by more than "
        "is allowed\n",
        name, difference.largest, difference.beyond, want.ElementCount());
    if (difference.beyond > 0 && worst.empty()) {
      worst = fmt::format("{}: element {} is {}, expected {}", name, difference.first_beyond,
                          difference.got, difference.want);
    }
  }
  return worst.empty() ? absl::OkStatus() : absl::DataLossError(worst);
}

absl::Status WriteOutputs(const Program& program, const std::vector<Tensor>& outputs,
                          const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return FailedPrecondition(dir, "cannot be made: {}", error.message());
  std::set<std::string> written;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = program.outputs()[i].name;
    const std::string file = OutputFileName(name);
    if (!written.insert(file).second) {
      return InvalidArgument(name, "another output is written to {} already", file);
    }
    const std::filesystem::path path = std::filesystem::path(dir) / file;
    RECTIFIER_RETURN_IF_ERROR(WriteNpy(path, outputs[i].view()));
    std::cout << name << " " << outputs[i].shape().ToString() << " -> " << path.string() << "\n";
  }
  return absl::OkStatus();
}

absl::Status RunOnce(const RunOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const LoadedGraph loaded,
                             LoadNamedGraph(options.model, {{}, options.relaxed_forms}));
  const Graph& graph = loaded.optimized;
  RECTIFIER_ASSIGN_OR_RETURN(auto tensors, ReadInputs(options.inputs));
  if (options.random) {
    RECTIFIER_RETURN_IF_ERROR(AddRandomInputs(graph, *options.random, tensors));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<TensorView> inputs, Arrange(graph, tensors));
  std::vector<Shape> shapes;
  shapes.reserve(inputs.size());
  for (const TensorView& input : inputs) shapes.push_back(input.type.shape);
  RECTIFIER_ASSIGN_OR_RETURN(const auto program,
                             NewOneDnnCompiler({options.threads})->Compile(graph, shapes));
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, ExecutionContext().Run(program, inputs));
  const bool to_files = !options.output_dir.empty() || !options.compare_dir.empty();
  for (Tensor& output : outputs) {
    if (!to_files || output.dtype() != DType::kBFloat16) continue;
    RECTIFIER_ASSIGN_OR_RETURN(output, FloatsOfBFloats(output));
  }
  if (!options.output_dir.empty()) {
    RECTIFIER_RETURN_IF_ERROR(WriteOutputs(*program, outputs, options.output_dir));
  }
  if (!options.compare_dir.empty()) return CompareOutputs(*program, outputs, options);
  if (options.output_dir.empty()) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::cout << program->outputs()[i].name << " " << outputs[i].shape().ToString() << "\n";
    }
  }
  return absl::OkStatus();
}

}  // namespace

int Run(const RunOptions& options) {
  const absl::Status status = RunOnce(options);
  if (status.ok()) return kExitDone;
  std::cerr << "rectifier run: " << Message(status) << "\n";
  return status.code() == absl::StatusCode::kNotFound ? kExitUsage : kExitFailed;
}

}  // namespace rectifier
