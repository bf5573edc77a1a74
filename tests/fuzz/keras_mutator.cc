#include "tests/fuzz/keras_mutator.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "server/import/keras/json.h"

namespace rectifier {
namespace {

constexpr size_t kMaxPlaces = 20'000;

// Numbers at which code goes wrong.
constexpr int64_t kIntegers[] = {0,         1,         -1,        2,         3,        7,
                                 8,         16,        127,       255,       1 << 16,  INT32_MAX,
                                 INT32_MIN, 1LL << 31, 1LL << 40, INT64_MAX, INT64_MIN};
constexpr double kFloats[] = {0, 1, -1, 0.01, 0.5, 2, 1e30, -1e30, 1e-40, 1e300, -0.0};

// What a file might say without saying it anywhere yet.
constexpr std::string_view kStrings[] = {"",
                                         "valid",
                                         "same",
                                         "causal",
                                         "channels_first",
                                         "channels_last",
                                         "float16",
                                         "bfloat16",
                                         "float32",
                                         "float64",
                                         "int32",
                                         "int64",
                                         "bool",
                                         "uint8",
                                         "linear",
                                         "relu",
                                         "leaky_relu",
                                         "softmax",
                                         "gelu",
                                         "hard_sigmoid",
                                         "nearest",
                                         "bilinear",
                                         "bicubic",
                                         "lanczos5",
                                         "constant",
                                         "reflect",
                                         "mixed_float16",
                                         "Activation",
                                         "Add",
                                         "BatchNormalization",
                                         "Concatenate",
                                         "Conv1D",
                                         "Conv2D",
                                         "Conv2DTranspose",
                                         "Dense",
                                         "DepthwiseConv2D",
                                         "Dot",
                                         "Dropout",
                                         "Flatten",
                                         "Functional",
                                         "InputLayer",
                                         "LayerNormalization",
                                         "LeakyReLU",
                                         "Multiply",
                                         "PReLU",
                                         "Permute",
                                         "ReLU",
                                         "Reshape",
                                         "Sequential",
                                         "Softmax",
                                         "UpSampling2D",
                                         "ZeroPadding2D",
                                         "keras",
                                         "keras.layers",
                                         "keras.ops",
                                         "__tensor__",
                                         "__keras_tensor__",
                                         "axis",
                                         "inbound_nodes",
                                         "layers",
                                         "\xff",
                                         "a/b",
                                         "..",
                                         ":0"};

std::vector<Json*> PlacesOf(Json& json) {
  std::vector<Json*> places = {&json};
  for (size_t next = 0; next < places.size() && places.size() < kMaxPlaces; ++next) {
    Json& place = *places[next];
    if (!place.is_structured()) continue;
    for (Json& child : place) places.push_back(&child);
  }
  return places;
}

// Nothing of what a mutator did may be thrown at it.
std::string Dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void KerasMutator::Mutate(KerasFile& file) {
  switch (Below(16)) {
    case 0:
      file.format = file.format == KerasFormat::kHdf5 ? KerasFormat::kKeras : KerasFormat::kHdf5;
      return;
    case 1:
      file.keras_version = std::array{"", "1", "2.2.4", "2.15.0", "3.0.0", "3.15.1"}[Below(6)];
      return;
    case 2:
      file.backend = std::array{"", "tensorflow", "theano"}[Below(3)];
      return;
    case 3:
    case 4:
    case 5:
      return MutateWeights(file);
    default:
      file.config = MutatedJson(file.config);
  }
}

std::string KerasMutator::MutatedJson(const std::string& text) {
  absl::StatusOr<Json> json = ParseJson("", text, {});
  if (!json.ok()) return text;
  for (size_t times = 1 + Below(4); times > 0; --times) MutateJson(*json);
  return Dumped(*json);
}

std::string KerasMutator::CrossedJson(const std::string& text, const std::string& other) {
  absl::StatusOr<Json> json = ParseJson("", text, {});
  absl::StatusOr<Json> source = ParseJson("", other, {});
  if (!json.ok() || !source.ok()) return text;
  const std::vector<Json*> places = PlacesOf(*json);
  const std::vector<Json*> values = PlacesOf(*source);
  Json& place = *places[Below(places.size())];
  // Of the same kind, if there is one soon.
  for (int i = 0; i < 32; ++i) {
    const Json& value = *values[Below(values.size())];
    if (value.type() != place.type() && i < 31) continue;
    place = value;
    break;
  }
  return Dumped(*json);
}

void KerasMutator::MutateJson(Json& json) {
  const std::vector<Json*> places = PlacesOf(json);
  strings_.clear();
  for (const Json* place : places) {
    if (place->is_string() && place->get_ref<const std::string&>().size() < 64) {
      strings_.push_back(place->get<std::string>());
    }
  }
  Json& place = *places[Below(places.size())];
  if (place.is_object() && !place.empty() && Below(8) > 0) return MutateObject(place);
  if (place.is_array() && !place.empty() && Below(8) > 0) return MutateArray(place);
  MutateValue(place);
}

void KerasMutator::MutateObject(Json& object) {
  auto member = object.begin();
  std::advance(member, Below(object.size()));
  switch (Below(4)) {
    case 0:
      object.erase(member);
      return;
    case 1: {  // under another name
      Json value = *member;
      object[String()] = std::move(value);
      return;
    }
    case 2:
      object[String()] = kIntegers[Below(std::size(kIntegers))];
      return;
    default:
      MutateValue(*member);
  }
}

void KerasMutator::MutateArray(Json& array) {
  const size_t index = Below(array.size());
  switch (Below(5)) {
    case 0:
      array.erase(index);
      return;
    case 1:
      std::swap(array[index], array[Below(array.size())]);
      return;
    case 2:
      if (array.size() < 64) array.push_back(Json(array[index]));
      return;
    case 3:  // one level less, or one more
      if (array.size() == 1 && Below(2) == 0) {
        Json only = array[0];
        array = std::move(only);
      } else {
        array[index] = Json::array({array[index]});
      }
      return;
    default:
      MutateValue(array[index]);
  }
}

void KerasMutator::MutateValue(Json& value) {
  if (Below(6) == 0) {  // of another kind
    const Json others[] = {nullptr, true, 1, 0.5, String(), Json::array(), Json::object()};
    value = others[Below(std::size(others))];
    return;
  }
  switch (value.type()) {
    case Json::value_t::boolean:
      value = !value.get<bool>();
      return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      value = Integer(value.get<int64_t>());
      return;
    case Json::value_t::number_float:
      value = kFloats[Below(std::size(kFloats))];
      return;
    case Json::value_t::string: {
      std::string text = value.get<std::string>();
      if (text.empty() || Below(4) > 0) {
        value = String();
        return;
      }
      text[Below(text.size())] = static_cast<char>(Below(256));
      value = text;
      return;
    }
    case Json::value_t::null:
      value = Integer(0);
      return;
    default:
      return;  // lists and objects are changed inside
  }
}

void KerasMutator::MutateWeights(KerasFile& file) {
  if (file.groups.empty()) return;
  const size_t index = Below(file.groups.size());
  KerasWeightGroup& group = file.groups[index];
  switch (Below(6)) {
    case 0:
      file.groups.erase(file.groups.begin() + static_cast<ptrdiff_t>(index));
      return;
    case 1:
      std::swap(group.path, file.groups[Below(file.groups.size())].path);
      return;
    case 2:
      group.path = String();
      return;
    default:
      break;
  }
  if (group.weights.empty()) return;
  const size_t which = Below(group.weights.size());
  KerasWeight& weight = group.weights[which];
  switch (Below(5)) {
    case 0:
      group.weights.erase(group.weights.begin() + static_cast<ptrdiff_t>(which));
      return;
    case 1:
      std::swap(weight, group.weights[Below(group.weights.size())]);
      return;
    case 2:
      weight.name = String();
      return;
    default: {  // another shape, or other elements
      Shape shape = weight.tensor.shape();
      if (shape.rank() == 0 || Below(4) == 0) shape.push_back(1);
      const int axis = static_cast<int>(Below(static_cast<size_t>(shape.rank())));
      shape[axis] = static_cast<int64_t>(1 + Below(9));
      const DType dtype = Below(8) == 0 ? DType::kInt64 : DType::kFloat32;
      absl::StatusOr<Tensor> tensor = Tensor::Allocate({dtype, shape});
      if (!tensor.ok() || tensor->bytes().size() > (1 << 16)) return;
      for (std::byte& byte : tensor->bytes()) {
        byte = static_cast<std::byte>(Below(4) == 0 ? 0x3f : Below(64));
      }
      weight.tensor = *std::move(tensor);
    }
  }
}

int64_t KerasMutator::Integer(int64_t old) {
  switch (Below(4)) {
    case 0:
      return static_cast<int64_t>(static_cast<uint64_t>(old) + Below(3) - 1);
    case 1:
      return static_cast<int64_t>(Below(24));
    default:
      return kIntegers[Below(std::size(kIntegers))];
  }
}

std::string KerasMutator::String() {
  if (!strings_.empty() && Below(2) == 0) return strings_[Below(strings_.size())];
  return std::string(kStrings[Below(std::size(kStrings))]);
}

}  // namespace rectifier
