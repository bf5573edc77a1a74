#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/reference/array.h"
#include "tests/reference/run_reference.h"
#include "tests/support/graph_testing.h"
#include "tests/support/status_testing.h"

namespace rectifier {

// A node, and what was worked out by hand for it.
struct Example {
  const char* name;
  std::string declarations;  // of the constants that the node reads
  const char* node;
  const char* want;            // type and elements of the result; of several, after a "; "
  const char* results = "%y";  // their names
};

inline std::string Computed(const Example& example) {
  std::string text =
      fmt::format("{}\n{} = {}\n", example.declarations, example.results, example.node);
  for (const char* name : {"%y", "%z", "%v"}) {
    if (std::string_view(example.results).find(name) != std::string_view::npos) {
      text += fmt::format("output {}\n", name);
    }
  }
  const auto outputs = RunReference(TypedGraph(text), {});
  if (!outputs.ok()) return StatusText(outputs);
  std::string computed;
  for (const Tensor& output : *outputs) {
    computed += (computed.empty() ? "" : "; ") + TypeText(output.type());
    std::string elements;
    for (const double value : reference::FromTensor(output.view()).values) {
      elements += elements.empty() ? " " : ", ";
      elements += std::isnan(value) ? "nan" : fmt::format("{:.4g}", value);
    }
    computed += elements;
  }
  return computed;
}

inline void ExpectExamples(const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    EXPECT_EQ(Computed(example), example.want) << example.name;
  }
}

}  // namespace rectifier
