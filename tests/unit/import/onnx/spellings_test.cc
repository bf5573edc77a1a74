#include "server/import/onnx/spellings.h"

#include <gtest/gtest.h>

#include "server/core/status.h"
#include "server/ops/operator_table.h"

namespace rectifier {
namespace {

TEST(SpellingsTest, RowsAreSortedAndDoNotOverlap) {
  const auto rows = Spellings();
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_LE(rows[i].first_opset, rows[i].last_opset) << rows[i].op_type;
    EXPECT_LE(rows[i].last_opset, kNewestOpset) << rows[i].op_type;
    EXPECT_LE(rows[i].min_inputs, rows[i].max_inputs) << rows[i].op_type;
    if (i == 0) continue;
    EXPECT_LE(rows[i - 1].op_type, rows[i].op_type);
    if (rows[i - 1].op_type == rows[i].op_type) {
      EXPECT_LT(rows[i - 1].last_opset, rows[i].first_opset) << rows[i].op_type;
    }
  }
}

TEST(SpellingsTest, EveryOperatorIsUnderstoodInOpsets7To17) {
  for (const Spelling& row : Spellings()) {
    for (int opset = 7; opset <= 17; ++opset) {
      EXPECT_TRUE(FindSpelling("n", row.op_type, opset).ok()) << row.op_type << " " << opset;
    }
  }
}

// Rectifier is spelled Relu, LeakyRelu and PRelu.
TEST(SpellingsTest, EveryOperatorOfTheGraphHasASpelling) {
  for (const Operator& op : OperatorTable()) {
    if (op.name == "Rectifier") continue;
    EXPECT_TRUE(FindSpelling("n", op.name, 17).ok()) << op.name;
  }
}

TEST(SpellingsTest, OthersAreRefused) {
  EXPECT_EQ(Message(FindSpelling("n", "Einsum", 17).status()),
            "n: the operator Einsum is not supported");
  EXPECT_EQ(Message(FindSpelling("n", "Conv", kNewestOpset + 1).status()),
            "n: the operator Conv of opset 24 is not supported");
}

}  // namespace
}  // namespace rectifier
