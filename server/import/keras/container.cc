#include "server/import/keras/container.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/hdf5_file.h"
#include "server/import/keras/json.h"
#include "server/import/keras/zip_archive.h"

namespace rectifier {
namespace {

constexpr std::string_view kHdf5Magic = "\x89HDF\r\n\x1a\n";
constexpr std::string_view kZipMagic = "PK\x03\x04";

bool BeginsWith(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

constexpr int64_t kMaxConfigBytes = int64_t{32} << 20;
constexpr int64_t kMaxMetadataBytes = int64_t{1} << 20;

// Networks within networks put two groups into a path, and the layers of Keras no more than a few.
constexpr int kMaxDepth = 64;

std::string Text(const AlignedBuffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string Joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "/" + name;
}

// "12" → 12, so that 10 comes after 9; names that are no numbers come last.
int64_t NumberOf(const std::string& name) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole ? number : std::numeric_limits<int64_t>::max();
}

// The groups of a .keras file that hold the variables of a layer.
class VariableReader {
 public:
  explicit VariableReader(Hdf5File& file) : file_(file) {}

  absl::StatusOr<std::vector<KerasWeightGroup>> Read() {
    // To be looked at, with their depth.
    std::vector<std::pair<std::string, int>> left = {{"", 0}};
    while (!left.empty()) {
      const auto [path, depth] = std::move(left.back());
      left.pop_back();
      if (depth > kMaxDepth) {
        return InvalidArgument(Printable(path), "groups are nested more than {} deep", kMaxDepth);
      }
      RECTIFIER_ASSIGN_OR_RETURN(std::vector<std::string> names, file_.Names(path));
      // The first is to be looked at first.
      std::reverse(names.begin(), names.end());
      for (const std::string& name : names) {
        const std::string child = Joined(path, name);
        if (!file_.IsGroup(child)) continue;
        if (name == "vars") {
          RECTIFIER_RETURN_IF_ERROR(ReadVariables(path, child));
        } else if (depth > 0 || !name.starts_with("optimizer")) {
          left.emplace_back(child, depth + 1);
        }
      }
    }
    return std::move(groups_);
  }

 private:
  absl::Status ReadVariables(const std::string& layer, const std::string& group) {
    RECTIFIER_ASSIGN_OR_RETURN(std::vector<std::string> names, file_.Names(group));
    std::stable_sort(names.begin(), names.end(),
                     [](const auto& a, const auto& b) { return NumberOf(a) < NumberOf(b); });
    KerasWeightGroup weights{layer, {}};
    for (const std::string& name : names) {
      const std::string path = Joined(group, name);
      if (!file_.IsDataset(path)) continue;
      RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, file_.Dataset(path));
      weights.weights.push_back({name, std::move(tensor)});
    }
    if (!weights.weights.empty()) groups_.push_back(std::move(weights));
    return absl::OkStatus();
  }

  Hdf5File& file_;
  std::vector<KerasWeightGroup> groups_;
};

absl::StatusOr<KerasFile> ReadZip(std::string_view place, std::span<const std::byte> bytes,
                                  const ImportLimits& limits) {
  RECTIFIER_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::Open(place, bytes));
  KerasFile file;
  file.format = KerasFormat::kKeras;
  RECTIFIER_ASSIGN_OR_RETURN(const AlignedBuffer config,
                             archive.Read("config.json", kMaxConfigBytes));
  file.config = Text(config);
  RECTIFIER_ASSIGN_OR_RETURN(const AlignedBuffer metadata,
                             archive.Read("metadata.json", kMaxMetadataBytes));
  RECTIFIER_ASSIGN_OR_RETURN(
      const Json json, ParseJson(fmt::format("{}: metadata.json", place), Text(metadata), limits));
  const Json* version = FindMember(json, "keras_version");
  if (version != nullptr && version->is_string()) file.keras_version = version->get<std::string>();
  RECTIFIER_ASSIGN_OR_RETURN(const AlignedBuffer weights,
                             archive.Read("model.weights.h5", limits.max_file_bytes));
  RECTIFIER_ASSIGN_OR_RETURN(Hdf5File h5, Hdf5File::Open(fmt::format("{}: model.weights.h5", place),
                                                         {weights.data(), weights.size()}, limits));
  RECTIFIER_ASSIGN_OR_RETURN(file.groups, VariableReader(h5).Read());
  return file;
}

// The one string of an attribute; empty when it is not there.
absl::StatusOr<std::string> OneString(const Hdf5File& file, const std::string& object,
                                      const std::string& name) {
  RECTIFIER_ASSIGN_OR_RETURN(auto strings, file.Strings(object, name));
  if (!strings || strings->size() != 1) return "";
  return std::move(strings->front());
}

// A list that Keras splits where it is longer than an attribute may be: name0, name1, …
absl::StatusOr<std::optional<std::vector<std::string>>> SplitStrings(const Hdf5File& file,
                                                                     const std::string& object,
                                                                     const std::string& name) {
  RECTIFIER_ASSIGN_OR_RETURN(auto whole, file.Strings(object, name));
  if (whole) return whole;
  std::optional<std::vector<std::string>> all;
  for (int i = 0;; ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(auto part, file.Strings(object, fmt::format("{}{}", name, i)));
    if (!part) return all;
    if (!all) all.emplace();
    std::move(part->begin(), part->end(), std::back_inserter(*all));
  }
}

// The group of a layer: its weights in the order that it says.
absl::StatusOr<KerasWeightGroup> ReadLayer(Hdf5File& file, const std::string& group,
                                           const std::string& layer) {
  KerasWeightGroup weights{layer, {}};
  RECTIFIER_ASSIGN_OR_RETURN(const auto names, SplitStrings(file, group, "weight_names"));
  if (!names) return weights;
  for (const std::string& name : *names) {
    const std::string place = fmt::format("{}: weight {}", Printable(layer), Printable(name));
    RECTIFIER_ASSIGN_OR_RETURN(const std::optional<std::string> path, file.Follow(group, name));
    if (!path) return InvalidArgument(place, "the file does not hold it");
    absl::StatusOr<Tensor> tensor = file.Dataset(*path);
    if (!tensor.ok()) return At(place, tensor.status());
    weights.weights.push_back({name, *std::move(tensor)});
  }
  return weights;
}

absl::StatusOr<KerasFile> ReadH5(std::string_view place, std::span<const std::byte> bytes,
                                 const ImportLimits& limits) {
  RECTIFIER_ASSIGN_OR_RETURN(Hdf5File h5, Hdf5File::Open(place, bytes, limits));
  KerasFile file;
  file.format = KerasFormat::kHdf5;
  RECTIFIER_ASSIGN_OR_RETURN(file.config, OneString(h5, "", "model_config"));
  if (file.config.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(const auto names, SplitStrings(h5, "", "layer_names"));
    RECTIFIER_ASSIGN_OR_RETURN(const auto layers, h5.Follow("", "layers"));
    if (names || layers) {  // of Keras 2, of Keras 3
      return InvalidArgument(place,
                             "holds weights only (save_weights); the network is needed, too: save "
                             "it whole (model.save)");
    }
    return InvalidArgument(place, "is no Keras model: it has no attribute model_config");
  }
  const std::string root = "model_weights";
  RECTIFIER_ASSIGN_OR_RETURN(const auto weights_group, h5.Follow("", root));
  if (!weights_group) return InvalidArgument(place, "is no Keras model: it has no group {}", root);
  RECTIFIER_ASSIGN_OR_RETURN(file.keras_version, OneString(h5, root, "keras_version"));
  if (file.keras_version.empty()) file.keras_version = "1";
  RECTIFIER_ASSIGN_OR_RETURN(file.backend, OneString(h5, root, "backend"));
  RECTIFIER_ASSIGN_OR_RETURN(const auto layers, SplitStrings(h5, root, "layer_names"));
  if (!layers) return InvalidArgument(place, "{} has no attribute layer_names", root);
  for (const std::string& layer : *layers) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::optional<std::string> group, h5.Follow(root, layer));
    if (!group) return InvalidArgument(place, "has no group of the layer {}", Printable(layer));
    RECTIFIER_ASSIGN_OR_RETURN(KerasWeightGroup weights, ReadLayer(h5, *group, layer));
    if (!weights.weights.empty()) file.groups.push_back(std::move(weights));
  }
  return file;
}

}  // namespace

absl::StatusOr<KerasFile> ReadKerasContainer(KerasFormat format, std::string_view place,
                                             std::span<const std::byte> bytes,
                                             const ImportLimits& limits) {
  if (format == KerasFormat::kKeras) {
    if (BeginsWith(bytes, kHdf5Magic)) {
      return InvalidArgument(place, "is an HDF5 file: its name has to end in .h5");
    }
    return ReadZip(place, bytes, limits);
  }
  if (BeginsWith(bytes, kZipMagic)) {
    return InvalidArgument(place, "is a zip file: its name has to end in .keras");
  }
  return ReadH5(place, bytes, limits);
}

}  // namespace rectifier
