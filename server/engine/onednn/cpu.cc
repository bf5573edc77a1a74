#include <unistd.h>

#include <dnnl.hpp>

#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"

namespace rectifier {

std::string OneDnnVersion() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

std::string OneDnnIsa() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::isa_default:
      return "unknown";
    case dnnl::cpu_isa::sse41:
      return "sse41";
    case dnnl::cpu_isa::avx:
      return "avx";
    case dnnl::cpu_isa::avx2:
      return "avx2";
    case dnnl::cpu_isa::avx2_vnni:
      return "avx2_vnni";
    case dnnl::cpu_isa::avx2_vnni_2:
      return "avx2_vnni_2";
    case dnnl::cpu_isa::avx512_core:
      return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_fp16:
      return "avx512_core_fp16";
    default:
      return "avx512_core_amx";
  }
}

int64_t CacheBytes() {
  constexpr int64_t kUnknown = int64_t{1} << 20;
  const int64_t bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? bytes : kUnknown;
}

absl::Status CheckCpu() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return absl::OkStatus();
  return FailedPrecondition("this CPU", "AVX2 and FMA are required, and it lacks {}",
                            __builtin_cpu_supports("avx2") ? "FMA" : "AVX2");
#else
  return FailedPrecondition("this CPU", "x86-64 with AVX2 is required");
#endif
}

}  // namespace rectifier
