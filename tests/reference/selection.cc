// Operators that choose elements of their input.

#include <numeric>
#include <string>

#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

bool Has(Inputs inputs, size_t i) { return inputs.size() > i && inputs[i] != nullptr; }

int64_t Clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

// The elements of a dimension that a Slice takes, one after the other.
Coordinates Walk(int64_t start, int64_t end, int64_t step, int64_t dim) {
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  start = Clamp(start, 0, step > 0 ? dim : dim - 1);
  end = Clamp(end, step > 0 ? 0 : -1, dim);
  Coordinates taken;
  while (step > 0 ? start < end : start > end && start >= 0) {
    taken.push_back(start);
    // A step out of the dimension is the last, however large.
    if (step > dim || step < -dim) break;
    start += step;
  }
  return taken;
}

// y[at] = x[places[0][at[0]], places[1][at[1]], …]
Array Take(const Array& x, const std::vector<Coordinates>& places) {
  TensorType type{x.type.dtype, {}};
  for (const Coordinates& of_axis : places) {
    type.shape.push_back(static_cast<int64_t>(of_axis.size()));
  }
  Array y = Zeros(type);
  ForEach(y.shape(), [&](const Coordinates& at) {
    Coordinates from;
    for (size_t i = 0; i < at.size(); ++i) from.push_back(places[i][static_cast<size_t>(at[i])]);
    y[at] = x[from];
  });
  return y;
}

// 0, 1, … for every dimension.
std::vector<Coordinates> AllPlaces(const Shape& shape) {
  std::vector<Coordinates> places;
  for (const int64_t dim : shape.dims()) {
    places.emplace_back(static_cast<size_t>(dim));
    std::iota(places.back().begin(), places.back().end(), 0);
  }
  return places;
}

Array WithShape(const Array& x, const Shape& shape) { return {{x.type.dtype, shape}, x.values}; }

}  // namespace

Array Slice(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto starts = Integers(*inputs[1]);
  const auto ends = Integers(*inputs[2]);
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (Has(inputs, 3)) axes = Integers(*inputs[3]);
  std::vector<int64_t> steps(starts.size(), 1);
  if (Has(inputs, 4)) steps = Integers(*inputs[4]);
  auto places = AllPlaces(x.shape());
  for (size_t i = 0; i < starts.size(); ++i) {
    Coordinates& of_axis = places[static_cast<size_t>(FromFront(axes[i], x.rank()))];
    of_axis = Walk(starts[i], ends[i], steps[i], static_cast<int64_t>(of_axis.size()));
  }
  return Take(x, places);
}

// Without sizes, all parts are as large as the first, but the last, which is what is left.
std::vector<Array> Split(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const int64_t axis = FromFront(AttributeOr<int64_t>(node, "axis", 0), x.rank());
  const auto parts = static_cast<int64_t>(node.outputs.size());
  int64_t left = x.shape()[static_cast<int>(axis)];
  std::vector<int64_t> sizes;
  if (Has(inputs, 1)) {
    sizes = Integers(*inputs[1]);
  } else {
    int64_t size = 0;
    while (size * parts < left) ++size;
    for (; static_cast<int64_t>(sizes.size()) < parts; left -= size) {
      sizes.push_back(size < left ? size : left);
    }
  }
  std::vector<Array> results;
  int64_t first = 0;
  for (const int64_t size : sizes) {
    auto places = AllPlaces(x.shape());
    Coordinates& along = places[static_cast<size_t>(axis)];
    along.resize(static_cast<size_t>(size));
    std::iota(along.begin(), along.end(), first);
    first += size;
    results.push_back(Take(x, places));
  }
  return results;
}

// y[before…, i…, after…] = x[before…, indices[i…], after…]; 0 for an index that lies outside.
Array Gather(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const Array& indices = *inputs[1];
  const int64_t axis = FromFront(AttributeOr<int64_t>(node, "axis", 0), x.rank());
  const auto replaced = static_cast<size_t>(indices.rank());
  TensorType type{x.type.dtype, {}};
  for (int i = 0; i < axis; ++i) type.shape.push_back(x.shape()[i]);
  for (const int64_t dim : indices.shape().dims()) type.shape.push_back(dim);
  for (int i = static_cast<int>(axis) + 1; i < x.rank(); ++i) type.shape.push_back(x.shape()[i]);
  Array y = Zeros(type);
  ForEach(y.shape(), [&](const Coordinates& at) {
    const auto middle = at.begin() + axis;
    const auto after = middle + static_cast<std::ptrdiff_t>(replaced);
    const auto index = static_cast<int64_t>(indices[Coordinates(middle, after)]);
    Coordinates from(at.begin(), middle);
    from.push_back(index < 0 ? index + x.shape()[static_cast<int>(axis)] : index);
    from.insert(from.end(), after, at.end());
    if (x.Contains(from)) y[at] = x[from];
  });
  return y;
}

Array Expand(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  Array y = Zeros(TensorType{x.type.dtype, BroadcastShape(x.shape(), Shape(Integers(*inputs[1])))});
  ForEach(y.shape(), [&](const Coordinates& at) { y[at] = Broadcast(x, at); });
  return y;
}

Array Tile(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto repeats = Integers(*inputs[1]);
  std::vector<Coordinates> places;
  for (const Coordinates& once : AllPlaces(x.shape())) {
    Coordinates& repeated = places.emplace_back();
    for (int64_t i = 0; i < repeats[places.size() - 1]; ++i) {
      repeated.insert(repeated.end(), once.begin(), once.end());
    }
  }
  return Take(x, places);
}

// ONNX's definition by reshape and transpose: a channel is (by, bx, c) for DCR, (c, by, bx) for
// CRD.
Array DepthToSpace(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto block = AttributeOr<int64_t>(node, "blocksize", 1);
  const bool crd = AttributeOr<std::string>(node, "mode", "DCR") == "CRD";
  TensorType type = x.type;
  type.shape[1] /= block * block;
  type.shape[2] *= block;
  type.shape[3] *= block;
  Array y = Zeros(type);
  ForEach(y.shape(), [&](const Coordinates& at) {
    const int64_t by = at[2] % block;
    const int64_t bx = at[3] % block;
    const int64_t channel =
        crd ? (at[1] * block + by) * block + bx : (by * block + bx) * type.shape[1] + at[1];
    y[at] = x[{at[0], channel, at[2] / block, at[3] / block}];
  });
  return y;
}

Array SpaceToDepth(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto block = AttributeOr<int64_t>(node, "blocksize", 1);
  TensorType type = x.type;
  type.shape[1] *= block * block;
  type.shape[2] /= block;
  type.shape[3] /= block;
  Array y = Zeros(type);
  ForEach(x.shape(), [&](const Coordinates& at) {
    const int64_t in_block = at[2] % block * block + at[3] % block;
    y[{at[0], in_block * x.shape()[1] + at[1], at[2] / block, at[3] / block}] = x[at];
  });
  return y;
}

Array Squeeze(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  std::vector<bool> removed;
  for (const int64_t dim : x.shape().dims()) removed.push_back(!Has(inputs, 1) && dim == 1);
  if (Has(inputs, 1)) {
    for (const int64_t axis : Integers(*inputs[1])) {
      removed[static_cast<size_t>(FromFront(axis, x.rank()))] = true;
    }
  }
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (!removed[static_cast<size_t>(i)]) shape.push_back(x.shape()[i]);
  }
  return WithShape(x, shape);
}

Array Unsqueeze(const Node&, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto axes = Integers(*inputs[1]);
  std::vector<bool> added(static_cast<size_t>(x.rank()) + axes.size(), false);
  for (const int64_t axis : axes) {
    added[static_cast<size_t>(FromFront(axis, static_cast<int>(added.size())))] = true;
  }
  Shape shape;
  int next = 0;
  for (const bool is_new : added) shape.push_back(is_new ? 1 : x.shape()[next++]);
  return WithShape(x, shape);
}

}  // namespace rectifier::reference
