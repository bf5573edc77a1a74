#include "server/ops/operator_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rectifier {
namespace {

TEST(OperatorTableTest, IsInAlphabeticalOrderWithoutRepetition) {
  const auto table = OperatorTable();
  ASSERT_FALSE(table.empty());
  for (size_t i = 1; i < table.size(); ++i) EXPECT_LT(table[i - 1].name, table[i].name);
}

TEST(OperatorTableTest, FindsEveryOperatorByItsName) {
  for (const Operator& op : OperatorTable()) EXPECT_EQ(FindOperator(op.name), &op);
}

TEST(OperatorTableTest, FindsNoOther) {
  for (const char* name : {"", "conv", "Conv ", "Con", "Relu", "LeakyRelu", "PRelu"}) {
    EXPECT_EQ(FindOperator(name), nullptr) << name;
  }
}

TEST(OperatorTableTest, EveryOperatorReadsAndGivesSomething) {
  for (const Operator& op : OperatorTable()) {
    EXPECT_GE(op.min_inputs, 1) << op.name;
    EXPECT_LE(op.min_inputs, op.max_inputs) << op.name;
    EXPECT_GE(op.max_outputs, 1) << op.name;
    EXPECT_NE(op.infer, nullptr) << op.name;
  }
}

TEST(OperatorTableTest, OnlySplitAndLayerNormalizationGiveSeveralResults) {
  for (const Operator& op : OperatorTable()) {
    const int most = op.name == "Split" ? kAnyNumber : op.name == "LayerNormalization" ? 3 : 1;
    EXPECT_EQ(op.max_outputs, most) << op.name;
  }
}

}  // namespace
}  // namespace rectifier
