#include "tests/unit/structure/include_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace rectifier {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(IncludeRulesTest, NoFileOfTheServerOrTheClientBreaksThem) {
  const fs::path root(RECTIFIER_SOURCE_DIR);
  int files = 0;
  for (const char* folder : {"server", "client"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      const std::string path = fs::relative(entry.path(), root).generic_string();
      EXPECT_THAT(IncludeViolations(path, text.str()), IsEmpty());
      ++files;
    }
  }
  EXPECT_GT(files, 150);
}

TEST(IncludeRulesTest, AFolderMayIncludeItselfAndWhatIsBelowIt) {
  EXPECT_THAT(IncludeViolations("server/ops/conv.cc",
                                "#include \"server/ops/conv.h\"\n"
                                "#include \"server/graph/graph.h\"\n"
                                "#include <vector>\n"),
              IsEmpty());
}

TEST(IncludeRulesTest, ADependencyThatPointsUpwardsIsFoundWithItsLine) {
  EXPECT_THAT(IncludeViolations("server/graph/graph.cc",
                                "#include <vector>\n#include \"server/ops/conv.h\"\n"),
              ElementsAre("server/graph/graph.cc:2: server/graph/ must not depend on "
                          "server/ops/conv.h"));
}

TEST(IncludeRulesTest, TheEngineNeverSeesImportersOrPasses) {
  EXPECT_EQ(IncludeViolations("server/engine/onednn/lower_conv.cc",
                              "#include \"server/passes/pass.h\"\n"
                              "#include \"server/import/limits.h\"\n")
                .size(),
            2U);
}

TEST(IncludeRulesTest, BatchingKnowsOnlyCore) {
  EXPECT_EQ(
      IncludeViolations("server/batching/task.h", "#include \"server/models/model.h\"\n").size(),
      1U);
}

TEST(IncludeRulesTest, TheServerNeverIncludesTheClientOrTheTests) {
  EXPECT_EQ(IncludeViolations("server/app/main.cc",
                              "#include \"client/cpp/cli/run.h\"\n"
                              "#include \"tests/reference/reference.h\"\n")
                .size(),
            2U);
}

TEST(IncludeRulesTest, TheClientLibraryNeverIncludesTheServer) {
  EXPECT_EQ(
      IncludeViolations("client/cpp/src/client.cc", "#include \"server/core/npy.h\"\n").size(), 1U);
}

TEST(IncludeRulesTest, AConfinedHeaderOutsideItsFolderIsFound) {
  for (const char* header :
       {"dnnl.hpp", "oneapi/dnnl/dnnl.hpp", "onnx/onnx_pb.h", "hdf5.h", "zip.h", "grpcpp/grpcpp.h",
        "proto/inference.pb.h", "prometheus/counter.h", "CivetServer.h", "spdlog/spdlog.h"}) {
    const std::string line = "#include <" + std::string(header) + ">\n";
    EXPECT_EQ(IncludeViolations("server/graph/graph.h", line).size(), 1U) << header;
  }
}

TEST(IncludeRulesTest, OfTheProtosTheModelsConfigurationHasOnlyItsOwn) {
  EXPECT_THAT(IncludeViolations("server/models/config/describe_model.h",
                                "#include \"proto/model_config.pb.h\"\n"
                                "#include \"server/models/signature.h\"\n"),
              IsEmpty());
  EXPECT_EQ(IncludeViolations("server/models/config/describe_model.h",
                              "#include \"proto/inference.pb.h\"\n"
                              "#include \"server/models/model.h\"\n")
                .size(),
            2U);
  EXPECT_EQ(
      IncludeViolations("server/models/model.h", "#include \"proto/model_config.pb.h\"\n").size(),
      1U);
}

TEST(IncludeRulesTest, SpacesInADirectiveHideNothing) {
  EXPECT_EQ(IncludeViolations("server/graph/graph.h", "  #  include   <dnnl.hpp>\n").size(), 1U);
}

TEST(IncludeRulesTest, AFolderWithoutARuleIsFound) {
  EXPECT_EQ(IncludeViolations("server/new/file.h", "#include \"server/core/status.h\"\n").size(),
            1U);
}

}  // namespace
}  // namespace rectifier
