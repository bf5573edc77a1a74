#pragma once

namespace rectifier {

// What the probes of the HTTP port ask. Implementations are safe from any thread and answer
// quickly.
class HealthSource {
 public:
  virtual ~HealthSource() = default;
  virtual bool Live() = 0;     // false: only a restart helps
  virtual bool Ready() = 0;    // new requests are welcome; false while draining
  virtual bool Started() = 0;  // the initial set of models is resolved, for good or bad
};

}  // namespace rectifier
