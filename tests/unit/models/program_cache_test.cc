#include "server/models/program_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/engine/onednn/onednn_compiler.h"
#include "tests/support/graph_testing.h"

namespace rectifier {
namespace {

std::unique_ptr<ProgramCache> NewCache(size_t max_programs) {
  return std::make_unique<ProgramCache>(TypedGraph(R"(
input %x: f32[?, ?]
const %w: f32[2, 3] = seed(1)
%y = MatMul(%x, %w)
output %y
)"),
                                        NewOneDnnCompiler({}), NewOneDnnCompiler({}), max_programs);
}

std::vector<Shape> Rows(int64_t rows) { return {Shape{rows, 2}}; }

TEST(ProgramCacheTest, MakesAProgramOnceForItsShapes) {
  const auto cache = NewCache(4);
  const auto first = cache->Get(Rows(3));
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->built);
  EXPECT_EQ(first->cached, 1u);
  EXPECT_EQ(first->program->inputs()[0].type.shape, (Shape{3, 2}));
  const auto second = cache->Get(Rows(3));
  EXPECT_FALSE(second->built);
  EXPECT_EQ(second->program, first->program);
}

TEST(ProgramCacheTest, TheLeastRecentlyUsedProgramMakesRoom) {
  const auto cache = NewCache(2);
  ASSERT_TRUE(cache->Get(Rows(1)).ok());
  ASSERT_TRUE(cache->Get(Rows(2)).ok());
  EXPECT_FALSE(cache->Get(Rows(1))->built);
  const auto third = cache->Get(Rows(3));
  EXPECT_TRUE(third->built);
  EXPECT_EQ(third->cached, 2u);
  EXPECT_FALSE(cache->Get(Rows(1))->built);
  EXPECT_TRUE(cache->Get(Rows(2))->built);
}

TEST(ProgramCacheTest, ShapesThatDoNotFitAreTheCompilersErrorsAndAreNotKept) {
  const auto cache = NewCache(2);
  const std::vector<Shape> wrong = {Shape{3, 5}};
  EXPECT_EQ(cache->Get(wrong).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(cache->OutputTypes(wrong).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(cache->Get(Rows(1))->cached, 1u);
}

TEST(ProgramCacheTest, KeepsOneCopyOfTheWeights) {
  const auto cache = NewCache(4);
  ASSERT_TRUE(cache->Get(Rows(1)).ok());
  const size_t bytes = cache->weight_bytes();
  EXPECT_GT(bytes, 0u);
  ASSERT_TRUE(cache->Get(Rows(7)).ok());
  EXPECT_EQ(cache->weight_bytes(), bytes);
}

TEST(ProgramCacheTest, ManyThreadsGetTheSamePrograms) {
  const auto cache = NewCache(8);
  std::atomic<int> built = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto lookup = cache->Get(Rows(i % 5 + 1));
        ASSERT_TRUE(lookup.ok());
        ASSERT_EQ(lookup->program->inputs()[0].type.shape[0], i % 5 + 1);
        if (lookup->built) ++built;
        ASSERT_TRUE(cache->OutputTypes(Rows(i % 7 + 1)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(built, 5);
}

}  // namespace
}  // namespace rectifier
