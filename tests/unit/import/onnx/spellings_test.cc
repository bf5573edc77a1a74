#include "server/import/onnx/spellings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

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

TEST(SpellingsTest, AnOperatorIsUnderstoodInEveryOpsetSinceItsFirst) {
  const auto rows = Spellings();
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool last = i + 1 == rows.size() || rows[i + 1].op_type != rows[i].op_type;
    if (!last) {
      EXPECT_EQ(rows[i].last_opset + 1, rows[i + 1].first_opset) << rows[i].op_type;
    } else if (rows[i].op_type != "Upsample") {  // which opset 10 took out
      EXPECT_EQ(rows[i].last_opset, kNewestOpset) << rows[i].op_type;
    }
  }
}

// Rectifier is spelled Relu, LeakyRelu and PRelu.
TEST(SpellingsTest, EveryOperatorOfTheGraphHasASpelling) {
  for (const Operator& op : OperatorTable()) {
    if (op.name == "Rectifier") continue;
    EXPECT_TRUE(FindSpelling("n", op.name, kNewestOpset).ok()) << op.name;
  }
}

TEST(SpellingsTest, TheDocumentationListsEveryOperatorWithItsFirstOpset) {
  std::ifstream file(RECTIFIER_SOURCE_DIR "/docs/operators.md");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::map<std::string_view, int> first;
  for (const Spelling& row : Spellings()) first.try_emplace(row.op_type, row.first_opset);
  for (const auto& [op, opset] : first) {
    const std::string entry = fmt::format("{} ({})", op, opset);
    const bool listed = text.find(" " + entry) != std::string::npos;
    EXPECT_TRUE(listed) << entry;
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
