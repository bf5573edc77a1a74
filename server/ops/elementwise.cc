#include "server/ops/elementwise.h"

#include <array>
#include <optional>

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {
namespace {

// A float attribute of an operator, and its default.
struct FloatAttribute {
  std::string_view op;
  std::string_view name;
  float otherwise;
  float ElementwiseAttributes::*member;
};

constexpr std::array kFloatAttributes = {
    FloatAttribute{"Celu", "alpha", 1, &ElementwiseAttributes::alpha},
    FloatAttribute{"Elu", "alpha", 1, &ElementwiseAttributes::alpha},
    FloatAttribute{"HardSigmoid", "alpha", 0.2F, &ElementwiseAttributes::alpha},
    FloatAttribute{"HardSigmoid", "beta", 0.5F, &ElementwiseAttributes::beta},
    FloatAttribute{"Selu", "alpha", 1.67326319217681884765625F, &ElementwiseAttributes::alpha},
    FloatAttribute{"Selu", "gamma", 1.05070102214813232421875F, &ElementwiseAttributes::beta},
    FloatAttribute{"ThresholdedRelu", "alpha", 1, &ElementwiseAttributes::alpha},
};

bool IsNumber(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kInt64 || dtype == DType::kInt32 ||
         dtype == DType::kInt8 || dtype == DType::kUInt8;
}

absl::Status ExpectNumber(const NodeTypes& types, int i) {
  if (IsNumber(types.type(i).dtype)) return absl::OkStatus();
  return InvalidArgument(types.place(), "input {} ({}): expected f32, i64, i32, i8 or u8, got {}",
                         i, types.name(i), Name(types.type(i).dtype));
}

absl::Status ExpectBool(const NodeTypes& types, int i) {
  if (types.type(i).dtype == DType::kBool) return absl::OkStatus();
  return InvalidArgument(types.place(), "input {} ({}): expected bool, got {}", i, types.name(i),
                         Name(types.type(i).dtype));
}

absl::Status ExpectSameType(const NodeTypes& types, int i, int as) {
  if (types.type(i).dtype == types.type(as).dtype) return absl::OkStatus();
  return InvalidArgument(types.place(), "input {} ({}): expected {} like input {}, got {}", i,
                         types.name(i), Name(types.type(as).dtype), as, Name(types.type(i).dtype));
}

absl::Status SetBroadcast(NodeTypes& types, DType dtype) {
  RECTIFIER_RETURN_IF_ERROR(ElementwiseAttributes::Read(types.node()).status());
  RECTIFIER_ASSIGN_OR_RETURN(Shape shape,
                             BroadcastShapes(types.place(), types.shape(0), types.shape(1)));
  types.SetOutput(0, {dtype, shape});
  return absl::OkStatus();
}

absl::Status SetSame(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ElementwiseAttributes::Read(types.node()).status());
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ElementwiseAttributes> ElementwiseAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  ElementwiseAttributes attributes;
  for (const FloatAttribute& known : kFloatAttributes) {
    if (known.op == node.op) attributes.*known.member = reader.Float(known.name, known.otherwise);
  }
  if (node.op == "Mod") attributes.alpha = reader.Bool("fmod", false) ? 1 : 0;
  if (node.op == "Gelu") {
    const std::string approximate = reader.String("approximate", "none");
    if (approximate != "none" && approximate != "tanh") {
      return InvalidArgument(Place(node), "attribute approximate: expected none or tanh, got '{}'",
                             approximate);
    }
    attributes.alpha = approximate == "tanh" ? 1 : 0;
  }
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (node.op == "Celu" && attributes.alpha == 0) {
    return InvalidArgument(Place(node), "attribute alpha: expected a number other than 0");
  }
  return attributes;
}

absl::Status InferIdentity(NodeTypes& types) { return SetSame(types); }

absl::Status InferFloatUnary(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  return SetSame(types);
}

absl::Status InferNumericUnary(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectNumber(types, 0));
  return SetSame(types);
}

absl::Status InferNot(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectBool(types, 0));
  return SetSame(types);
}

absl::Status InferNumericBinary(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectNumber(types, 0));
  RECTIFIER_RETURN_IF_ERROR(ExpectSameType(types, 1, 0));
  return SetBroadcast(types, types.type(0).dtype);
}

absl::Status InferComparison(NodeTypes& types) {
  if (types.type(0).dtype != DType::kBool) RECTIFIER_RETURN_IF_ERROR(ExpectNumber(types, 0));
  RECTIFIER_RETURN_IF_ERROR(ExpectSameType(types, 1, 0));
  return SetBroadcast(types, DType::kBool);
}

absl::Status InferLogical(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectBool(types, 0));
  RECTIFIER_RETURN_IF_ERROR(ExpectBool(types, 1));
  return SetBroadcast(types, DType::kBool);
}

absl::Status InferWhere(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  RECTIFIER_RETURN_IF_ERROR(ExpectBool(types, 0));
  if (types.type(1).dtype != DType::kBool) RECTIFIER_RETURN_IF_ERROR(ExpectNumber(types, 1));
  RECTIFIER_RETURN_IF_ERROR(ExpectSameType(types, 2, 1));
  RECTIFIER_ASSIGN_OR_RETURN(Shape shape,
                             BroadcastShapes(types.place(), types.shape(1), types.shape(2)));
  RECTIFIER_ASSIGN_OR_RETURN(shape, BroadcastShapes(types.place(), types.shape(0), shape));
  types.SetOutput(0, {types.type(1).dtype, shape});
  return absl::OkStatus();
}

absl::Status InferClip(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectNumber(types, 0));
  for (int i = 1; i < types.input_count(); ++i) {
    if (!types.HasInput(i)) continue;
    RECTIFIER_RETURN_IF_ERROR(ExpectSameType(types, i, 0));
    const Shape& shape = types.shape(i);
    if (shape.rank() == 0 || (shape.rank() == 1 && DimsAgree(shape[0], 1))) continue;
    return InvalidArgument(types.place(), "input {} ({}): expected a scalar, got shape {}", i,
                           types.name(i), shape.ToString());
  }
  return SetSame(types);
}

}  // namespace rectifier
