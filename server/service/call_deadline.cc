#include "server/service/call_deadline.h"

#include <grpc/support/time.h>

namespace rectifier {

// The client's is a span of time on the wire, so nobody's wall clock has a part in it.
TimePoint CallDeadline(const grpc::ServerContext& context, TimePoint now) {
  const gpr_timespec left =
      gpr_time_sub(gpr_convert_clock_type(context.raw_deadline(), GPR_CLOCK_MONOTONIC),
                   gpr_now(GPR_CLOCK_MONOTONIC));
  constexpr std::chrono::hours kForever{24 * 365};
  const std::chrono::seconds seconds(left.tv_sec);
  if (seconds > kForever) return TimePoint::max();
  if (left.tv_sec < 0) return now;
  return now + seconds + std::chrono::nanoseconds(left.tv_nsec);
}

}  // namespace rectifier
