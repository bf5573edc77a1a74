# Everything comes from the distribution; tools/setup.sh installs it.

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(civetweb CONFIG REQUIRED)
find_package(ONNX CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(PNG REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)

# HDF5's shared library brings libcurl, Kerberos, LDAP and twenty more libraries into the process, for files on S3; its archive
# can be linked without them (server/import/keras/no_network.cc).
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_library(RECTIFIER_HDF5_ARCHIVE NAMES libhdf5_serial.a REQUIRED)
find_library(RECTIFIER_SZIP NAMES sz REQUIRED)
add_library(rectifier_hdf5 INTERFACE IMPORTED)
target_include_directories(rectifier_hdf5 INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(rectifier_hdf5 INTERFACE
  ${RECTIFIER_HDF5_ARCHIVE} rectifier_no_network OpenSSL::Crypto ${RECTIFIER_SZIP} ZLIB::ZLIB m ${CMAKE_DL_LIBS})

# libzip's own CMake package is broken on Debian 12, libseccomp has none.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(LIBSECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# Debian 13's package names its targets ONNX::…, Debian 12's does not.
if(NOT TARGET onnx_proto)
  add_library(onnx_proto ALIAS ONNX::onnx_proto)
endif()

find_package(dnnl 3.2 CONFIG)
if(NOT dnnl_FOUND)
  message(FATAL_ERROR
    "oneDNN 3.2 or newer was not found. Debian 13: apt-get install libdnnl-dev. Debian 12: "
    "tools/setup.sh installs Intel's build into .deps/onednn, the prefix that the presets name "
    "in CMAKE_PREFIX_PATH.")
endif()

# prometheus-cpp's package exports its pull and push libraries too; only the core is used.
set(RECTIFIER_PROMETHEUS prometheus-cpp::core)
