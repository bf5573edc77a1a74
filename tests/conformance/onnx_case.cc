#include "tests/conformance/onnx_case.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "server/core/clock.h"
#include "server/core/float_formats.h"
#include "server/core/status.h"
#include "server/engine/constant_node.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/import/onnx/constant_decoder.h"
#include "server/import/onnx/onnx_importer.h"
#include "server/passes/run_passes.h"

namespace rectifier {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <typename To, typename Field>
void FillTyped(Tensor& tensor, const Field& field) {
  auto* out = reinterpret_cast<To*>(tensor.bytes().data());
  for (int i = 0; i < field.size(); ++i) out[i] = static_cast<To>(field[i]);
}

// The tensor as the file has it, in its own element type. Older cases hold bf16 as u16, which is
// told by what the model `expects`.
absl::StatusOr<Tensor> ToTensor(const onnx::TensorProto& proto, DType expected) {
  auto dtype = ElementTypeOf(proto.data_type());
  if (dtype == DType::kUInt16 && expected == DType::kBFloat16) dtype = expected;
  if (!dtype) {
    return Unimplemented("data", "tensors of {} are not supported",
                         ElementTypeName(proto.data_type()));
  }
  const Shape shape(std::vector<int64_t>(proto.dims().begin(), proto.dims().end()));
  // A sequence that is read as a tensor can have any dimensions.
  constexpr int64_t kMaxBytes = int64_t{1} << 30;
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t bytes, CheckedByteSize({*dtype, shape}));
  if (bytes > kMaxBytes) return Unimplemented("data", "is no tensor");
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate({*dtype, shape}));
  if (tensor.bytes().empty()) return tensor;
  if (proto.has_raw_data()) {
    std::memcpy(tensor.bytes().data(), proto.raw_data().data(), tensor.bytes().size());
    return tensor;
  }
  switch (*dtype) {
    case DType::kFloat32:
      FillTyped<float>(tensor, proto.float_data());
      break;
    case DType::kFloat64:
      FillTyped<double>(tensor, proto.double_data());
      break;
    case DType::kInt64:
      FillTyped<int64_t>(tensor, proto.int64_data());
      break;
    case DType::kInt32:
      FillTyped<int32_t>(tensor, proto.int32_data());
      break;
    case DType::kFloat16:
    case DType::kBFloat16:
      FillTyped<uint16_t>(tensor, proto.int32_data());
      break;
    case DType::kBool:
    case DType::kUInt8:
    case DType::kInt8:
      FillTyped<uint8_t>(tensor, proto.int32_data());
      break;
    default:
      return Unimplemented("data", "tensors of {} are not supported", Name(*dtype));
  }
  return tensor;
}

// test_data_set_N/input_0.pb, input_1.pb, …
absl::StatusOr<std::vector<onnx::TensorProto>> ReadTensors(const std::filesystem::path& folder,
                                                           const std::string& prefix) {
  std::vector<onnx::TensorProto> tensors;
  for (int i = 0;; ++i) {
    const auto path = folder / fmt::format("{}_{}.pb", prefix, i);
    if (!std::filesystem::exists(path)) return tensors;
    onnx::TensorProto proto;
    if (!proto.ParseFromString(ReadFile(path))) return Unimplemented("data", "is no tensor");
    tensors.push_back(std::move(proto));
  }
}

double ElementAt(const Tensor& tensor, size_t i) {
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return tensor.data<float>()[i];
    case DType::kFloat64:
      return tensor.data<double>()[i];
    case DType::kInt64:
      return static_cast<double>(tensor.data<int64_t>()[i]);
    case DType::kInt32:
      return tensor.data<int32_t>()[i];
    case DType::kInt8:
      return tensor.data<int8_t>()[i];
    case DType::kFloat16:
      return FloatFromHalf(reinterpret_cast<const uint16_t*>(tensor.bytes().data())[i]);
    case DType::kBFloat16:
      return FloatFromBFloat(reinterpret_cast<const uint16_t*>(tensor.bytes().data())[i]);
    default:
      return static_cast<double>(std::to_integer<int>(tensor.bytes()[i]));
  }
}

// 1e-5, relative above 1 and absolute below, or what ONNX's own runner allows: a thousandth. The
// expanded window functions need that: they hold π with six digits.
bool IsClose(DType dtype, double got, double want) {
  if (got == want || (std::isnan(got) && std::isnan(want))) return true;
  const double difference = std::abs(got - want);
  if (dtype == DType::kFloat16 || dtype == DType::kBFloat16) {
    return difference <= 1e-2 * std::max(1.0, std::abs(want));
  }
  return difference <= 1e-5 * std::max(1.0, std::abs(want)) ||
         difference <= 1e-3 * std::abs(want) + 1e-7;
}

absl::Status Compare(const std::string& name, const Tensor& got, const Tensor& want) {
  if (got.type() != want.type()) {
    return absl::DataLossError(fmt::format("{}: is {}{}, expected {}{}", name, Name(got.dtype()),
                                           got.shape().ToString(), Name(want.dtype()),
                                           want.shape().ToString()));
  }
  for (size_t i = 0; i < static_cast<size_t>(want.ElementCount()); ++i) {
    const double a = ElementAt(got, i);
    const double b = ElementAt(want, i);
    if (!IsClose(want.dtype(), a, b)) {
      return absl::DataLossError(fmt::format("{}: element {} is {}, expected {}", name, i, a, b));
    }
  }
  return absl::OkStatus();
}

// Which of a model's inputs become constants.
enum class Constants { kNone, kAllButFirst, kAll };

absl::Status RunDataSet(onnx::ModelProto model, const std::filesystem::path& folder,
                        Constants constants) {
  RECTIFIER_ASSIGN_OR_RETURN(const auto inputs, ReadTensors(folder, "input"));
  RECTIFIER_ASSIGN_OR_RETURN(const auto outputs, ReadTensors(folder, "output"));
  auto& graph_proto = *model.mutable_graph();
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (constants == Constants::kAll || (constants == Constants::kAllButFirst && i > 0)) {
      onnx::TensorProto& initializer = *graph_proto.add_initializer();
      initializer = inputs[i];
      initializer.set_name(graph_proto.input(static_cast<int>(i)).name());
      continue;
    }
    const auto& declared = graph_proto.input(static_cast<int>(i)).type().tensor_type();
    RECTIFIER_ASSIGN_OR_RETURN(
        Tensor tensor,
        ToTensor(inputs[i], ElementTypeOf(declared.elem_type()).value_or(DType::kFloat32)));
    tensors.push_back(std::move(tensor));
  }
  ImportLimits limits;
  limits.allow_nan = true;  // what a case is fed, not what a file holds
  RECTIFIER_ASSIGN_OR_RETURN(Graph graph,
                             ImportOnnx("model.onnx", model.SerializeAsString(), limits,
                                        [](const Graph& whole, const Node& node) {
                                          return FoldNode(whole, node, int64_t{1} << 20,
                                                          ComputeWith(NewOneDnnCompiler));
                                        }));
  RECTIFIER_RETURN_IF_ERROR(
      RunPasses(graph, PassContext{NewOneDnnCompiler}, {}, SteadyClock()).status());
  if (graph.inputs().size() != tensors.size()) {
    return Unimplemented("data", "{} inputs for {}", tensors.size(), graph.inputs().size());
  }
  std::vector<Shape> shapes;
  std::vector<TensorView> views;
  for (const Tensor& tensor : tensors) {
    shapes.push_back(tensor.shape());
    views.push_back(tensor.view());
  }
  const auto compiler = NewOneDnnCompiler({});
  RECTIFIER_ASSIGN_OR_RETURN(const auto program, compiler->Compile(graph, shapes));
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].type() != program->inputs()[i].type) {
      return Unimplemented("data", "input {} is of {}, the model's of {}", i,
                           Name(tensors[i].dtype()), Name(program->inputs()[i].type.dtype));
    }
  }
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Tensor> got, ExecutionContext().Run(program, views));
  for (size_t i = 0; i < outputs.size() && i < got.size(); ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(const Tensor want, ToTensor(outputs[i], got[i].dtype()));
    RECTIFIER_RETURN_IF_ERROR(Compare(graph.outputs()[i].name, got[i], want));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<OnnxCase> FindOnnxCases(const std::filesystem::path& data, const std::string& group) {
  std::vector<OnnxCase> cases;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data / group, error)) {
    cases.push_back({group + "/" + entry.path().filename().string(), entry.path()});
  }
  std::sort(cases.begin(), cases.end(),
            [](const OnnxCase& a, const OnnxCase& b) { return a.name < b.name; });
  return cases;
}

absl::Status RunOnnxCase(const OnnxCase& test) {
  onnx::ModelProto model;
  if (!model.ParseFromString(ReadFile(test.folder / "model.onnx"))) {
    return Unimplemented("model.onnx", "is no ONNX model");
  }
  for (int set = 0;; ++set) {
    const auto folder = test.folder / fmt::format("test_data_set_{}", set);
    if (!std::filesystem::exists(folder)) {
      return set == 0 ? Unimplemented("data", "there is none") : absl::OkStatus();
    }
    absl::Status status;
    for (const Constants constants : {Constants::kNone, Constants::kAllButFirst, Constants::kAll}) {
      const absl::Status now = RunDataSet(model, folder, constants);
      // The first attempt says what is not supported; a wrong result is the last word.
      if (constants == Constants::kNone || now.ok() || absl::IsDataLoss(now)) status = now;
      if (now.ok() || absl::IsDataLoss(now)) break;
    }
    RECTIFIER_RETURN_IF_ERROR(status);
  }
}

}  // namespace rectifier
