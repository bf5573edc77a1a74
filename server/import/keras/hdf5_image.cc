#include "server/import/keras/hdf5_image.h"

namespace rectifier {
namespace {

// The library asks these for memory for the image, to copy it there, and to free it. There is one
// image, it is only read, and it belongs to the caller, so that each of them hands it on.
void* Allocate(size_t /*size*/, H5FD_file_image_op_t /*op*/, void* image) { return image; }

void* Copy(void* to, const void* /*from*/, size_t /*size*/, H5FD_file_image_op_t /*op*/,
           void* /*image*/) {
  return to;
}

void* Reallocate(void* /*memory*/, size_t /*size*/, H5FD_file_image_op_t /*op*/, void* /*image*/) {
  return nullptr;  // a file that is read does not grow
}

herr_t Free(void* /*memory*/, H5FD_file_image_op_t /*op*/, void* /*image*/) { return 0; }

void* CopyImage(void* image) { return image; }
herr_t FreeImage(void* /*image*/) { return 0; }

}  // namespace

Hdf5Id AccessInPlace(std::span<const std::byte> bytes) {
  Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  void* image = const_cast<std::byte*>(bytes.data());
  H5FD_file_image_callbacks_t callbacks = {Allocate,  Copy,      Reallocate, Free,
                                           CopyImage, FreeImage, image};
  // The increment is for files that grow.
  const bool set = access.ok() && H5Pset_fapl_core(access.get(), 1, /*backing_store=*/false) >= 0 &&
                   H5Pset_file_image_callbacks(access.get(), &callbacks) >= 0 &&
                   H5Pset_file_image(access.get(), image, bytes.size()) >= 0;
  if (!set) return {};
  return access;
}

}  // namespace rectifier
