#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/problems.h"
#include "server/import/keras/graph_builder.h"
#include "server/import/keras/layer_call.h"
#include "server/import/keras/layer_weights.h"
#include "server/import/keras/network_config.h"

namespace rectifier {

// What differs from file to file in what layers mean.
struct KerasDialect {
  bool keras2 = false;        // some names mean something else
  bool flip_kernels = false;  // convolutions of the file's backend turn their kernels around
};

// Adds a problem for each layer, also within networks, whose class is not in the table or that is
// quantized.
void CheckClasses(const NetworkConfig& network, Problems& problems);

// Calls the layers of a network whose classes were checked, and of the networks within it, so that
// they append to a graph what they become. All problems are collected, so that one attempt to load
// a file tells all; layers that read from a refused one are passed over.
class NetworkRunner {
 public:
  // All but `dialect` outlive the runner. `place` stands for the file in messages.
  // Layers and their calls, of networks as often as they are called, may be `max_steps` in all.
  NetworkRunner(std::string_view place, KerasDialect dialect, const WeightTable& weights,
                int64_t max_steps, GraphBuilder& builder, Problems& problems)
      : place_(place),
        dialect_(dialect),
        weights_(weights),
        builder_(builder),
        problems_(problems),
        steps_left_(max_steps) {}

  // The results of a network for these inputs; nullopt when a layer that they need was refused.
  // `inputs` are as many as it has. Networks within it are run likewise, as deep as the file's JSON
  // goes.
  std::optional<std::vector<ValueId>> Run(const NetworkConfig& network,
                                          const std::vector<ValueId>& inputs);

 private:
  using Values = std::vector<ValueId>;
  struct Calls;

  absl::StatusOr<std::optional<int>> CallOf(std::string_view reader, const NetworkConfig& network,
                                            const Calls& calls,
                                            const TensorReference& reference) const;
  absl::StatusOr<std::vector<int>> Order(const NetworkConfig& network, const Calls& calls) const;
  std::optional<ValueId> Find(const NetworkConfig& network, const Calls& calls,
                              const TensorReference& reference);
  std::optional<CallInputs::Given> Resolve(const Argument& argument, const NetworkConfig& network,
                                           const Calls& calls);
  std::optional<CallInputs> ResolveAll(const CallConfig& call, const NetworkConfig& network,
                                       const Calls& calls);
  absl::StatusOr<std::optional<Values>> Call(const LayerDescription& layer,
                                             const CallConfig& config, const NetworkConfig& network,
                                             const Calls& calls);
  LayerState& StateOf(const LayerDescription& layer);

  std::string_view place_;
  KerasDialect dialect_;
  const WeightTable& weights_;
  GraphBuilder& builder_;
  Problems& problems_;
  int64_t steps_left_;
  std::map<const LayerDescription*, LayerState> states_;
};

}  // namespace rectifier
