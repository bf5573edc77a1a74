// What the request path costs without gRPC and without compute: from the bytes of a ModelInfer
// request, as gRPC hands them over, to the Program's input, and from its output to the bytes of the
// reply. The model takes a row of numbers and gives back ten. The large request lies in slices of
// 16 KiB, as HTTP/2 delivers it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "server/core/check.h"
#include "server/models/batch_tensors.h"
#include "server/service/inference.h"
#include "tests/support/described_program.h"

namespace rectifier {
namespace {

constexpr size_t kSlice = 16 << 10;
constexpr int64_t kClasses = 10;

class NoObserver final : public RequestObserver {
 public:
  void OnRejected(absl::StatusCode /*code*/) override {}
};

// Puts the tensors of each request where a run would find them, and ends it at once.
class EmptyModel final : public Servable {
 public:
  EmptyModel(DType dtype, int64_t elements)
      : signature_{.platform = "onnx",
                   .inputs = {{"input", {dtype, Shape{kDynamicDim, elements}}}},
                   .outputs = {{"output", {DType::kFloat32, Shape{kDynamicDim, kClasses}}}},
                   .max_batch = 8},
        program_({{"input", {dtype, Shape{1, elements}}}},
                 {{"output", {DType::kFloat32, Shape{1, kClasses}}}}, {}) {}

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return signature_; }
  const BatchingOptions& batching() const override { return batching_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> /*input_shapes*/) const override {
    return std::vector<TensorType>{{DType::kFloat32, Shape{samples, kClasses}}};
  }
  absl::Status Submit(InferenceRequest request) override {
    const RequestRows rows{request, 0, 1};
    const BatchTensors tensors(program_, {&rows, 1}, /*padding=*/0, scratch_);
    benchmark::DoNotOptimize(tensors.inputs()[0].bytes.data());
    const auto output = tensors.outputs()[0].data<float>();
    std::fill(output.begin(), output.end(), 0.5F);
    tensors.Scatter();
    request.done(absl::OkStatus(), {.batch = 1});
    return absl::OkStatus();
  }
  InferenceStatistics Statistics() const override { return {}; }

 private:
  const std::string name_ = "model";
  const std::string version_ = "1";
  const ModelSignature signature_;
  const BatchingOptions batching_;
  const DescribedProgram program_;
  BatchScratch scratch_;
};

class NoOwner final : public Inference::Owner {
 public:
  void OnEnded(const absl::Status& status) override { RECTIFIER_CHECK(status.ok()); }
  std::string_view Traceparent() const override { return {}; }
};

// In slices that share no memory with another's.
grpc::ByteBuffer Received(const std::string& message) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < message.size(); at += kSlice) {
    slices.emplace_back(message.data() + at, std::min(kSlice, message.size() - at));
  }
  return {slices.data(), slices.size()};
}

enum class Form { kRaw, kFloats, kIntegers };

std::string Request(Form form, int64_t bytes) {
  const int64_t elements = bytes / (form == Form::kIntegers ? 8 : 4);
  inference::ModelInferRequest request;
  request.set_model_name("model");
  request.set_id("request-000001");
  auto& input = *request.add_inputs();
  input.set_name("input");
  input.set_datatype(form == Form::kIntegers ? "INT64" : "FP32");
  input.add_shape(1);
  input.add_shape(elements);
  request.add_outputs()->set_name("output");
  switch (form) {
    case Form::kRaw:
      request.add_raw_input_contents(std::string(static_cast<size_t>(bytes), '\1'));
      break;
    case Form::kFloats:
      input.mutable_contents()->mutable_fp32_contents()->Resize(static_cast<int>(elements), 0.5F);
      break;
    case Form::kIntegers:
      for (int64_t i = 0; i < elements; ++i) input.mutable_contents()->add_int64_contents(i % 300);
  }
  return request.SerializeAsString();
}

// `state.range(0)`: bytes of the tensor.
void Answer(benchmark::State& state, Form form) {
  const bool integers = form == Form::kIntegers;
  ModelRegistry registry;
  registry.Set({"model", "1", ModelState::kReady, absl::OkStatus(),
                std::make_shared<EmptyModel>(integers ? DType::kInt64 : DType::kFloat32,
                                             state.range(0) / (integers ? 8 : 4))});
  NoObserver observer;
  const Clock& clock = SteadyClock();
  ByteBudget budget(1 << 30);
  NoOwner owner;
  const grpc::ByteBuffer message = Received(Request(form, state.range(0)));
  for (auto _ : state) {
    grpc::ByteBuffer received = message;
    Inference inference({registry, observer, clock, budget, /*max_reply_bytes=*/1 << 26, budget},
                        owner);
    inference.Start(
        received,
        {.received = clock.Now(), .deadline = TimePoint::max(), .cancelled = [] { return false; }});
    benchmark::DoNotOptimize(inference.reply().Length());
  }
}
BENCHMARK_CAPTURE(Answer, raw, Form::kRaw)->Arg(256)->Arg(1 << 10)->Arg(64 << 10)->Arg(4 << 20);
BENCHMARK_CAPTURE(Answer, typed_floats, Form::kFloats)->Arg(256)->Arg(64 << 10)->Arg(4 << 20);
BENCHMARK_CAPTURE(Answer, typed_integers, Form::kIntegers)->Arg(256)->Arg(64 << 10)->Arg(4 << 20);

}  // namespace
}  // namespace rectifier

BENCHMARK_MAIN();
