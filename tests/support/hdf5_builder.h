#pragma once

#include <hdf5.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "server/core/check.h"
#include "server/core/file_descriptor.h"
#include "server/import/keras/hdf5_file.h"

namespace rectifier {

// Writes HDF5 files for tests. What it has no function for is done with file().
class Hdf5Builder {
 public:
  // `newest`: with the structures of the library's newest format instead of its oldest.
  explicit Hdf5Builder(bool newest = false)
      : path_((std::filesystem::temp_directory_path() / "rectifier_XXXXXX").string()) {
    // Of a file in memory the library hands out its newest format with a wrong checksum.
    const FileDescriptor made(mkstemp(path_.data()));
    RECTIFIER_CHECK(made.get() >= 0);
    const Hdf5Id access = Made(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    Do(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG));
    if (newest) Do(H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    file_ = Made(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  }
  ~Hdf5Builder() { unlink(path_.c_str()); }
  Hdf5Builder(const Hdf5Builder&) = delete;
  Hdf5Builder& operator=(const Hdf5Builder&) = delete;

  hid_t file() const { return file_.get(); }

  static Hdf5Id Made(hid_t id, Hdf5Id::Close close) {
    RECTIFIER_CHECK(id >= 0);
    return {id, close};
  }
  static void Do(herr_t result) { RECTIFIER_CHECK(result >= 0); }
  static Hdf5Id Space(const std::vector<hsize_t>& dims) {
    if (dims.empty()) return Made(H5Screate(H5S_SCALAR), H5Sclose);
    return Made(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose);
  }

  // A group, and those above it.
  Hdf5Builder& Group(const std::string& path) {
    Made(H5Gcreate2(file(), path.c_str(), Parents().get(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    return *this;
  }

  // A dataset, the groups above it, and, unless `values` is null, its elements.
  Hdf5Builder& Dataset(const std::string& path, hid_t type, const std::vector<hsize_t>& dims,
                       const void* values, hid_t memory_type, hid_t creation = H5P_DEFAULT) {
    const Hdf5Id space = Space(dims);
    const Hdf5Id dataset = Made(
        H5Dcreate2(file(), path.c_str(), type, space.get(), Parents().get(), creation, H5P_DEFAULT),
        H5Dclose);
    if (values != nullptr) {
      Do(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    }
    return *this;
  }
  Hdf5Builder& Floats(const std::string& path, const std::vector<hsize_t>& dims,
                      const std::vector<float>& values, hid_t type = H5T_IEEE_F32LE,
                      hid_t creation = H5P_DEFAULT) {
    return Dataset(path, type, dims, values.data(), H5T_NATIVE_FLOAT, creation);
  }
  // A dataset of f32 whose elements nobody has written, so that they take no room.
  Hdf5Builder& Claim(const std::string& path, const std::vector<hsize_t>& dims) {
    return Dataset(path, H5T_IEEE_F32LE, dims, nullptr, -1);
  }

  // An attribute of strings of any length, as h5py writes them. `object` "/" is the root.
  Hdf5Builder& Strings(const std::string& object, const std::string& name,
                       const std::vector<std::string>& strings) {
    std::vector<const char*> texts;
    for (const std::string& string : strings) texts.push_back(string.c_str());
    return Attribute(object, name, StringType(H5T_VARIABLE), {texts.size()}, texts.data());
  }
  Hdf5Builder& String(const std::string& object, const std::string& name,
                      const std::string& string) {
    const char* text = string.c_str();
    return Attribute(object, name, StringType(H5T_VARIABLE), {}, &text);
  }
  // The same of strings of `size` bytes each.
  Hdf5Builder& FixedStrings(const std::string& object, const std::string& name, size_t size,
                            const std::vector<std::string>& strings,
                            H5T_str_t padding = H5T_STR_NULLPAD) {
    const Hdf5Id type = StringType(size);
    Do(H5Tset_strpad(type.get(), padding));
    std::string text;
    for (std::string string : strings) {
      string.resize(size, padding == H5T_STR_SPACEPAD ? ' ' : '\0');
      text += string;
    }
    return Attribute(object, name, type, {strings.size()}, text.data());
  }
  Hdf5Builder& Attribute(const std::string& object, const std::string& name, const Hdf5Id& type,
                         const std::vector<hsize_t>& dims, const void* values) {
    const Hdf5Id space = Space(dims);
    const Hdf5Id attribute =
        Made(H5Acreate_by_name(file(), object.c_str(), name.c_str(), type.get(), space.get(),
                               H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
             H5Aclose);
    if (values != nullptr) Do(H5Awrite(attribute.get(), type.get(), values));
    return *this;
  }

  // Another name for what is there.
  Hdf5Builder& HardLink(const std::string& path, const std::string& name) {
    Do(H5Lcreate_hard(file(), path.c_str(), file(), name.c_str(), Parents().get(), H5P_DEFAULT));
    return *this;
  }

  // The file's bytes. Nothing can be added any more.
  std::string Bytes() {
    file_ = {};
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }

 private:
  static Hdf5Id Parents() {
    Hdf5Id creation = Made(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    Do(H5Pset_create_intermediate_group(creation.get(), 1));
    return creation;
  }
  static Hdf5Id StringType(size_t size) {
    Hdf5Id type = Made(H5Tcopy(H5T_C_S1), H5Tclose);
    Do(H5Tset_size(type.get(), size));
    return type;
  }

  std::string path_;
  Hdf5Id file_;
};

}  // namespace rectifier
