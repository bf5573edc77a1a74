#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <span>

#include "client/cpp/cli/classification.h"
#include "client/cpp/cli/commands.h"
#include "client/cpp/cli/concurrent_inference.h"
#include "client/cpp/cli/digit_cards.h"
#include "client/cpp/cli/image.h"
#include "client/cpp/cli/labels.h"
#include "client/cpp/cli/picture_model.h"
#include "client/cpp/cli/pictures.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

// The pictures in requests of `batch_size`, in order.
std::vector<InferRequest> Requests(const ClassifyOptions& options, const PictureModel& model,
                                   const Pictures& pictures, size_t batch_size) {
  std::vector<InferRequest> requests;
  const std::span<const float> values = pictures.values;
  for (size_t first = 0; first < pictures.count(); first += batch_size) {
    const size_t count = std::min(batch_size, pictures.count() - first);
    std::vector<int64_t> shape = {static_cast<int64_t>(count)};
    shape.insert(shape.end(), pictures.shape.begin(), pictures.shape.end());
    InferRequest request;
    request.model_name = options.model;
    request.model_version = options.version;
    request.inputs.push_back(Tensor::From(
        model.input, std::move(shape),
        values.subspan(first * pictures.picture_size(), count * pictures.picture_size())));
    request.outputs.push_back(model.output);
    requests.push_back(std::move(request));
  }
  return requests;
}

// Appends the predictions for the `count` pictures of one request.
absl::Status AppendPredictions(const InferResponse& response, const std::string& output,
                               size_t count, std::vector<Prediction>& predictions) {
  const Tensor* tensor = response.Find(output);
  if (tensor == nullptr) return Internal(output, "is not among the outputs that the server sent");
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<float> scores, tensor->Values<float>());
  if (tensor->shape.empty() || tensor->shape[0] != static_cast<int64_t>(count) || scores.empty()) {
    return InvalidArgument(output, "expected scores for {} pictures, got {}", count,
                           TypeName(tensor->datatype, tensor->shape));
  }
  const size_t classes = scores.size() / count;
  for (size_t i = 0; i < count; ++i) {
    predictions.push_back(Predict(std::span(scores).subspan(i * classes, classes)));
  }
  return absl::OkStatus();
}

void Print(const ClassifyOptions& options, const Pictures& pictures,
           std::span<const Classified> results, std::ostream& out) {
  const size_t shown = std::min(results.size(), static_cast<size_t>(options.show));
  for (size_t i = 0; i < shown; ++i) out << DigitCard(pictures.Drawing(i), results[i]);
  size_t left_out = 0;
  for (size_t i = shown; i < results.size(); ++i) {
    if (options.list || results[i].IsWrong()) {
      out << ResultLine(results[i]);
    } else {
      ++left_out;
    }
  }
  if (left_out > 0) {
    out << fmt::format("({} more; --show draws more of them, --list lists all)\n", left_out);
  }
}

absl::Status CheckAccuracy(const Summary& summary, double min_accuracy) {
  if (min_accuracy <= 0) return absl::OkStatus();
  const std::optional<double> accuracy = summary.Accuracy();
  if (!accuracy) return InvalidArgument("--min-accuracy", "no picture has a label");
  if (*accuracy >= min_accuracy) return absl::OkStatus();
  return FailedPrecondition("--min-accuracy", "{} of {} right is less than {}", summary.correct,
                            summary.labelled, min_accuracy);
}

}  // namespace

absl::Status RunClassify(const ClassifyOptions& options, const Client& client, std::ostream& out) {
  RECTIFIER_ASSIGN_OR_RETURN(const ModelMetadata metadata,
                             client.GetModelMetadata(options.model, options.version));
  RECTIFIER_ASSIGN_OR_RETURN(const PictureModel model, PictureModelOf(metadata, options.picture));
  RECTIFIER_ASSIGN_OR_RETURN(Pictures pictures, options.images.empty()
                                                    ? LoadPictures(options, model)
                                                    : LoadArray(options.images, model));
  if (!options.labels.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(pictures.labels, ReadLabels(options.labels, pictures.count()));
  }

  const size_t batch_size =
      options.batch_size == 0 ? pictures.count() : static_cast<size_t>(options.batch_size);
  std::vector<InferRequest> requests = Requests(options, model, pictures, batch_size);
  const auto start = std::chrono::steady_clock::now();
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<TimedResponse> responses,
                             InferAll(client, std::move(requests), options.concurrency));
  const auto elapsed = std::chrono::steady_clock::now() - start;

  std::vector<Prediction> predictions;
  std::vector<std::chrono::nanoseconds> latencies;
  for (const TimedResponse& timed : responses) {
    const size_t count = std::min(batch_size, pictures.count() - predictions.size());
    RECTIFIER_RETURN_IF_ERROR(AppendPredictions(timed.response, model.output, count, predictions));
    latencies.push_back(timed.latency);
  }
  std::vector<Classified> results;
  for (size_t i = 0; i < pictures.count(); ++i) {
    results.push_back({pictures.names[i], pictures.labels[i], predictions[i]});
  }
  Print(options, pictures, results, out);
  const Summary summary = Summarize(results, elapsed, std::move(latencies));
  out << summary.ToText();
  return CheckAccuracy(summary, options.min_accuracy);
}

}  // namespace rectifier::client::cli
