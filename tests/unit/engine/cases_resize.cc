#include <array>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

constexpr std::array kCoordinates = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",   "align_corners",
    "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn",
};

std::string RandomFilter(Random& random, std::string_view mode) {
  std::string attributes;
  if (mode == "nearest") {
    return fmt::format(
        ", nearest_mode = \"{}\"",
        random.Pick<std::string>({"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  }
  if (random.Chance(30)) attributes += ", antialias = 1";
  if (random.Chance(30)) attributes += ", exclude_outside = 1";
  if (mode == "cubic" && random.Chance(50)) attributes += ", cubic_coeff_a = -0.5";
  return attributes;
}

std::string FloatList(GraphWriter& graph, const std::vector<std::string>& values) {
  return graph.Constant({static_cast<int64_t>(values.size())},
                        fmt::format("[{}]", fmt::join(values, ", ")));
}

std::string RandomResize(Random& random, std::string_view mode, std::string_view coordinates,
                         int rank) {
  GraphWriter graph;
  const Shape shape = RandomShape(random, rank, rank > 4 ? 3 : 5);
  const std::string x = RandomProducer(random, graph, shape);
  const bool crop = coordinates == "tf_crop_and_resize";
  std::string attributes = fmt::format("mode = \"{}\", coordinate_transformation_mode = \"{}\"{}",
                                       mode, coordinates, RandomFilter(random, mode));
  // Some of the dimensions, in any order, or all.
  std::vector<int64_t> axes;
  for (int axis = 0; axis < rank; ++axis) {
    if (random.Chance(60)) axes.insert(axes.begin(), random.Chance(50) ? axis : axis - rank);
  }
  if (axes.empty() || random.Chance(40)) {
    axes.assign(static_cast<size_t>(rank), 0);
  } else {
    attributes += fmt::format(", axes = {}", ListText(axes));
  }
  std::string roi = "_";
  if (crop) {
    std::vector<std::string> ends;
    for (size_t i = 0; i < axes.size(); ++i) {
      ends.push_back(random.Pick<std::string>({"0.0", "0.25", "-0.25", "0.1"}));
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      ends.push_back(random.Pick<std::string>({"1.0", "0.75", "1.25", "0.9"}));
    }
    roi = FloatList(graph, ends);
    if (random.Chance(50)) attributes += ", extrapolation_value = 7.0";
  }
  if (random.Chance(50)) {
    std::vector<std::string> scales;
    for (size_t i = 0; i < axes.size(); ++i) {
      // Never down to nothing.
      scales.push_back(random.Pick<std::string>({"1.0", "2.0", "1.5", "3.0", "2.25"}));
    }
    if (shape.ElementCount() > 1 && !crop) {
      for (std::string& scale : scales) {
        if (random.Chance(20)) scale = random.Pick<std::string>({"1.3", "0.6", "0.8"});
      }
    }
    return graph.Text(graph.Node(
        fmt::format("Resize({}, {}, {}) {{{}}}", x, roi, FloatList(graph, scales), attributes)));
  }
  if (random.Chance(40) && !crop) {
    attributes += fmt::format(", keep_aspect_ratio_policy = \"{}\"",
                              random.Pick<std::string>({"stretch", "not_larger", "not_smaller"}));
  }
  const auto sizes = random.Several(static_cast<int64_t>(axes.size()), 1, 7);
  return graph.Text(graph.Node(
      fmt::format("Resize({}, {}, _, {}) {{{}}}", x, roi, graph.Integers(sizes), attributes)));
}

}  // namespace

std::vector<std::string> ResizeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(31);
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const char* coordinates : kCoordinates) {
      for (int i = 0; i < 20; ++i) {
        cases.push_back(RandomResize(random, mode, coordinates, i % 5 + 1));
      }
    }
  }
  // What is left out may be an empty list.
  cases.push_back(
      "input %x: f32[1, 2, 3, 4]\nconst %none: f32[0] = []\n"
      "const %s: f32[4] = [1.0, 1.0, 2.0, 2.0]\n%y = Resize(%x, %none, %s)\n"
      "output %y\n");
  cases.push_back(
      "input %x: f32[0, 2, 3, 4]\nconst %s: f32[4] = [1.0, 1.0, 2.0, 2.0]\n"
      "%y = Resize(%x, _, %s) {mode = \"linear\"}\noutput %y\n");
  return cases;
}

}  // namespace rectifier
