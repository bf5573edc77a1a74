#include "server/import/keras/hdf5_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "server/core/float_formats.h"
#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/hdf5_image.h"

namespace rectifier {
namespace {

// The JSON of a network is the largest text.
constexpr int64_t kMaxAttributeBytes = int64_t{32} << 20;
constexpr int64_t kMaxStrings = 1'000'000;

// What compression may gain: an honest file of zeros in chunks is some hundred times smaller.
constexpr int64_t kMaxRatio = 100;
constexpr int64_t kAlwaysAllowed = int64_t{1} << 20;

std::string Quoted(std::string_view name) { return "'" + Printable(name) + "'"; }

struct LinkList {
  int64_t room;
  std::vector<std::string> names;
  std::string refused;  // why a link is not followed
};

// What would be more than one step of a path, or none, might lead along links that nobody has
// looked at. The library writes no such names, but reads them.
bool IsOneStep(std::string_view name) {
  return !name.empty() && name != "." && name.find('/') == std::string_view::npos;
}

herr_t AddLink(hid_t /*group*/, const char* name, const H5L_info_t* info, void* data) {
  auto* list = static_cast<LinkList*>(data);
  if (info->type != H5L_TYPE_HARD) {
    list->refused = Quoted(name) + " is a link to elsewhere, which is not followed";
    return 1;
  }
  if (!IsOneStep(name)) {
    list->refused = Quoted(name) + " is no name of a link";
    return 1;
  }
  list->names.emplace_back(name);
  return static_cast<int64_t>(list->names.size()) > list->room ? 1 : 0;
}

// The text of a fixed-length string, without what pads it.
std::string Unpadded(std::string_view text, H5T_str_t padding) {
  if (padding == H5T_STR_SPACEPAD) {
    return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
  }
  return std::string(text.substr(0, text.find('\0')));
}

absl::StatusOr<std::vector<std::string>> FixedStrings(const std::string& place, hid_t attribute,
                                                      hid_t type, int64_t count) {
  const size_t size = H5Tget_size(type);
  int64_t bytes = 0;
  if (size == 0 || MultiplyOverflows(static_cast<int64_t>(size), count, &bytes) ||
      bytes > kMaxAttributeBytes) {
    return ResourceExhausted(place, "has {} strings of {} bytes, at most {} bytes are allowed",
                             count, size, kMaxAttributeBytes);
  }
  std::string text(static_cast<size_t>(bytes), '\0');
  if (H5Aread(attribute, type, text.data()) < 0) return InvalidArgument(place, "cannot be read");
  std::vector<std::string> strings;
  for (int64_t i = 0; i < count; ++i) {
    strings.push_back(Unpadded(std::string_view(text).substr(static_cast<size_t>(i) * size, size),
                               H5Tget_strpad(type)));
  }
  return strings;
}

absl::StatusOr<std::vector<std::string>> VariableStrings(const std::string& place, hid_t attribute,
                                                         hid_t file_type, int64_t count) {
  const Hdf5Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (!type.ok() || H5Tset_size(type.get(), H5T_VARIABLE) < 0 ||
      H5Tset_cset(type.get(), H5Tget_cset(file_type)) < 0) {
    return InvalidArgument(place, "cannot be read");
  }
  std::vector<char*> texts(static_cast<size_t>(count), nullptr);
  const bool read = H5Aread(attribute, type.get(), texts.data()) >= 0;
  std::vector<std::string> strings;
  int64_t bytes = 0;
  for (char* text : texts) {
    if (text == nullptr) {
      strings.emplace_back();
      continue;
    }
    const size_t length = std::strlen(text);
    bytes += static_cast<int64_t>(length);
    if (read && bytes <= kMaxAttributeBytes) strings.emplace_back(text, length);
    H5free_memory(text);
  }
  if (!read) return InvalidArgument(place, "cannot be read");
  if (bytes > kMaxAttributeBytes) {
    return ResourceExhausted(place, "has {} bytes, at most {} are allowed", bytes,
                             kMaxAttributeBytes);
  }
  return strings;
}

// How the elements of a dataset are read.
enum class Elements { kFloat, kInteger, kBFloat16 };

}  // namespace

Hdf5Id::Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}

Hdf5Id& Hdf5Id::operator=(Hdf5Id&& other) noexcept {
  if (this != &other) {
    Reset();
    id_ = std::exchange(other.id_, -1);
    close_ = other.close_;
  }
  return *this;
}

void Hdf5Id::Reset() {
  if (id_ >= 0 && close_ != nullptr) close_(id_);
  id_ = -1;
}

Hdf5File::Hdf5File(std::string place, Hdf5Id file, int64_t file_bytes, const ImportLimits& limits)
    : place_(std::move(place)), file_(std::move(file)), file_bytes_(file_bytes), limits_(&limits) {}

std::string Hdf5File::Place(std::string_view path) const {
  return path.empty() ? place_ : Printable(path, 256);
}

absl::StatusOr<Hdf5File> Hdf5File::Open(std::string_view place, std::span<const std::byte> bytes,
                                        const ImportLimits& limits) {
  // The library's own error stack goes to stderr otherwise, and plugins are code from elsewhere.
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  if (bytes.empty()) return InvalidArgument(place, "is empty");
  const Hdf5Id access = AccessInPlace(bytes);
  if (!access.ok()) return Internal(place, "HDF5 does not take the file from memory");
  // It makes sure that no file has the image's name; none can have this one.
  Hdf5Id file(H5Fopen("/dev/null/image.h5", H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.ok()) return InvalidArgument(place, "is cut short or no HDF5 file");
  return Hdf5File(std::string(place), std::move(file), static_cast<int64_t>(bytes.size()), limits);
}

Hdf5Id Hdf5File::OpenObject(const std::string& path) const {
  return {H5Oopen(file_.get(), path.empty() ? "/" : path.c_str(), H5P_DEFAULT), H5Oclose};
}

bool Hdf5File::IsGroup(const std::string& path) const {
  const Hdf5Id object = OpenObject(path);
  return object.ok() && H5Iget_type(object.get()) == H5I_GROUP;
}

bool Hdf5File::IsDataset(const std::string& path) const {
  const Hdf5Id object = OpenObject(path);
  return object.ok() && H5Iget_type(object.get()) == H5I_DATASET;
}

absl::StatusOr<std::vector<std::string>> Hdf5File::Names(const std::string& group) {
  const Hdf5Id object = OpenObject(group);
  if (!object.ok() || H5Iget_type(object.get()) != H5I_GROUP) {
    return InvalidArgument(Place(group), "is not a group, or damaged");
  }
  LinkList list{limits_->max_nodes - objects_, {}, {}};
  const herr_t result =
      H5Literate(object.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, AddLink, &list);
  if (!list.refused.empty()) {
    return InvalidArgument(Place(group), "{}", list.refused);
  }
  if (result < 0) return InvalidArgument(Place(group), "its list of names is damaged");
  objects_ += static_cast<int64_t>(list.names.size());
  if (objects_ > limits_->max_nodes) {
    return ResourceExhausted(place_, "has more than {} groups and datasets", limits_->max_nodes);
  }
  return std::move(list.names);
}

absl::StatusOr<std::optional<std::string>> Hdf5File::Follow(const std::string& group,
                                                            std::string_view name) const {
  std::string path = group;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string part(name.substr(begin, end - begin));
    begin = end + 1;
    if (part.empty()) continue;
    const Hdf5Id object = OpenObject(path);
    H5L_info_t info;
    if (!object.ok() || H5Iget_type(object.get()) != H5I_GROUP ||
        H5Lexists(object.get(), part.c_str(), H5P_DEFAULT) <= 0 ||
        H5Lget_info(object.get(), part.c_str(), &info, H5P_DEFAULT) < 0) {
      return std::nullopt;
    }
    if (info.type != H5L_TYPE_HARD) {
      return InvalidArgument(Place(path), "{} is a link to elsewhere, which is not followed",
                             Quoted(part));
    }
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

absl::StatusOr<std::optional<std::vector<std::string>>> Hdf5File::Strings(
    const std::string& object_path, const std::string& name) const {
  const Hdf5Id object = OpenObject(object_path);
  if (!object.ok() || H5Aexists(object.get(), name.c_str()) <= 0) return std::nullopt;
  const std::string place = fmt::format("{}: attribute {}", Place(object_path), name);
  const Hdf5Id attribute(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), H5Aclose);
  const Hdf5Id type(attribute.ok() ? H5Aget_type(attribute.get()) : -1, H5Tclose);
  const Hdf5Id space(attribute.ok() ? H5Aget_space(attribute.get()) : -1, H5Sclose);
  if (!type.ok() || !space.ok()) return InvalidArgument(place, "is damaged");
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0) return InvalidArgument(place, "is damaged");
  // An empty list has whatever type the writer gave it.
  if (count == 0) return std::vector<std::string>();
  if (H5Tget_class(type.get()) != H5T_STRING) return InvalidArgument(place, "is no text");
  if (count > kMaxStrings) {
    return ResourceExhausted(place, "has {} strings, at most {} are allowed", count, kMaxStrings);
  }
  if (H5Tis_variable_str(type.get()) > 0) {
    RECTIFIER_ASSIGN_OR_RETURN(auto strings,
                               VariableStrings(place, attribute.get(), type.get(), count));
    return strings;
  }
  RECTIFIER_ASSIGN_OR_RETURN(auto strings, FixedStrings(place, attribute.get(), type.get(), count));
  return strings;
}

absl::Status Hdf5File::CheckStorage(hid_t dataset, const std::string& place) const {
  const Hdf5Id creation(H5Dget_create_plist(dataset), H5Pclose);
  if (!creation.ok()) return InvalidArgument(place, "is damaged");
  if (H5Pget_external_count(creation.get()) != 0) {
    return InvalidArgument(place, "its data is in another file, which is not opened");
  }
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
    return InvalidArgument(place, "its data is made of other datasets, which is not supported");
  }
  const int filters = H5Pget_nfilters(creation.get());
  for (int i = 0; i < filters; ++i) {
    unsigned int flags = 0;
    size_t values = 0;
    char name[32] = "";
    const H5Z_filter_t filter = H5Pget_filter2(creation.get(), static_cast<unsigned int>(i), &flags,
                                               &values, nullptr, sizeof(name), name, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
        filter != H5Z_FILTER_FLETCHER32) {
      return Unimplemented(place,
                           "its filter {} ({}) is not supported (gzip, shuffle and "
                           "fletcher32 are)",
                           filter, Printable(name));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> Hdf5File::ReadShape(hid_t dataset, const std::string& place) const {
  const Hdf5Id space(H5Dget_space(dataset), H5Sclose);
  const int rank = space.ok() ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank < 0 || H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    return InvalidArgument(place, "has no shape");
  }
  if (rank > limits_->max_rank) {
    return InvalidArgument(place, "rank {}, at most {} is supported", rank, limits_->max_rank);
  }
  std::array<hsize_t, H5S_MAX_RANK> dims{};
  if (H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr) < 0) {
    return InvalidArgument(place, "has no shape");
  }
  Shape shape;
  for (int axis = 0; axis < rank; ++axis) {
    const hsize_t dim = dims[static_cast<size_t>(axis)];
    if (dim == 0 || dim > (hsize_t{1} << 40)) {
      return InvalidArgument(place, "has a dimension of {}", dim);
    }
    shape.push_back(static_cast<int64_t>(dim));
  }
  return shape;
}

absl::Status Hdf5File::TakeBytes(const std::string& place, int64_t bytes) {
  const int64_t most = limits_->max_constant_bytes - tensor_bytes_;
  if (bytes > most) {
    return ResourceExhausted(place, "with it the weights take more than {} bytes",
                             limits_->max_constant_bytes);
  }
  tensor_bytes_ += bytes;
  if (tensor_bytes_ > kAlwaysAllowed && tensor_bytes_ / kMaxRatio > file_bytes_) {
    return ResourceExhausted(place, "with it the weights take {} bytes, of a file of {}",
                             tensor_bytes_, file_bytes_);
  }
  return absl::OkStatus();
}

absl::StatusOr<Tensor> Hdf5File::Dataset(const std::string& path) {
  const std::string place = Place(path);
  const Hdf5Id dataset(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT), H5Dclose);
  const Hdf5Id type(dataset.ok() ? H5Dget_type(dataset.get()) : -1, H5Tclose);
  if (!type.ok()) return InvalidArgument(place, "is not a dataset, or damaged");
  if (++datasets_ > limits_->max_initializers) {
    return ResourceExhausted(place_, "has more than {} weights", limits_->max_initializers);
  }
  RECTIFIER_RETURN_IF_ERROR(CheckStorage(dataset.get(), place));
  RECTIFIER_ASSIGN_OR_RETURN(const Shape shape, ReadShape(dataset.get(), place));
  RECTIFIER_ASSIGN_OR_RETURN(const auto mark, Strings(path, "dtype"));
  const bool marked = mark && *mark == std::vector<std::string>{"bfloat16"};
  const H5T_class_t kind = H5Tget_class(type.get());
  const size_t size = H5Tget_size(type.get());
  Elements elements = Elements::kFloat;
  if (size == 2 && (kind == H5T_OPAQUE || (kind == H5T_INTEGER && marked))) {
    elements = Elements::kBFloat16;  // HDF5 has no such type, so Keras writes the two bytes
  } else if ((kind == H5T_INTEGER || kind == H5T_ENUM) && size <= 8) {  // h5py's bool is an enum
    elements = Elements::kInteger;
  } else if (kind != H5T_FLOAT || size > 8) {
    return Unimplemented(place,
                         "holds elements that are neither integers nor floats of up to 64 "
                         "bits");
  }
  const DType dtype = elements == Elements::kInteger ? DType::kInt64 : DType::kFloat32;
  const auto bytes = CheckedByteSize({dtype, shape});
  if (!bytes.ok()) return At(place, bytes.status());
  RECTIFIER_RETURN_IF_ERROR(TakeBytes(place, *bytes));
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate({dtype, shape}));
  if (elements == Elements::kBFloat16) {
    std::vector<uint16_t> bits(static_cast<size_t>(shape.ElementCount()));
    const hid_t memory = kind == H5T_OPAQUE ? type.get() : H5T_NATIVE_UINT16;
    if (H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, bits.data()) < 0) {
      return InvalidArgument(place, "its data is damaged");
    }
    std::transform(bits.begin(), bits.end(), tensor.data<float>().begin(), FloatFromBFloat);
    return tensor;
  }
  const hid_t memory = elements == Elements::kFloat ? H5T_NATIVE_FLOAT : H5T_NATIVE_INT64;
  if (H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes().data()) < 0) {
    return InvalidArgument(place, "its data is damaged");
  }
  return tensor;
}

}  // namespace rectifier
