#include "server/engine/execution_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rectifier {
namespace {

using ::testing::ElementsAre;

// What happened to the bindings of a FakeProgram.
struct Record {
  int bound = 0;
  int runs = 0;
  int alive = 0;
  std::byte* arena = nullptr;
};

class FakeBinding final : public Binding {
 public:
  FakeBinding(Record& record, std::byte* arena, size_t arena_bytes)
      : record_(record), arena_(arena), arena_bytes_(arena_bytes) {
    ++record_.alive;
  }
  ~FakeBinding() override { --record_.alive; }

  // Writes the whole arena, as AddressSanitizer is to see, and copies the input.
  void Run(std::span<const TensorView> inputs,
           std::span<const MutableTensorView> outputs) override {
    std::fill_n(arena_, arena_bytes_, std::byte{1});
    std::copy(inputs[0].bytes.begin(), inputs[0].bytes.end(), outputs[0].bytes.begin());
    ++record_.runs;
  }
  void RunTimed(std::span<const TensorView> inputs, std::span<const MutableTensorView> outputs,
                const Clock&, std::span<Duration>) override {
    Run(inputs, outputs);
  }

 private:
  Record& record_;
  std::byte* arena_;
  size_t arena_bytes_;
};

class FakeProgram final : public Program {
 public:
  FakeProgram(Record& record, size_t arena_bytes) : record_(record), arena_bytes_(arena_bytes) {}

  const std::vector<Port>& inputs() const override { return ports_; }
  const std::vector<Port>& outputs() const override { return ports_; }
  const std::vector<StepInfo>& steps() const override { return steps_; }
  size_t arena_bytes() const override { return arena_bytes_; }
  std::unique_ptr<Binding> Bind(std::byte* arena) const override {
    ++record_.bound;
    record_.arena = arena;
    return std::make_unique<FakeBinding>(record_, arena, arena_bytes_);
  }

 private:
  Record& record_;
  size_t arena_bytes_;
  std::vector<Port> ports_;
  std::vector<StepInfo> steps_;
};

class ExecutionContextTest : public ::testing::Test {
 protected:
  void Run(ExecutionContext& context, const std::shared_ptr<const Program>& program) {
    const TensorView input = input_.view();
    const MutableTensorView output = output_.mutable_view();
    context.Run(program, std::span(&input, 1), std::span(&output, 1));
  }

  Tensor input_ = Tensor::From<float>({2}, std::vector<float>{1, 2});
  Tensor output_ = Tensor::From<float>({2}, std::vector<float>{0, 0});
};

TEST_F(ExecutionContextTest, HandsInputsAndOutputsToTheProgram) {
  Record record;
  ExecutionContext context;
  Run(context, std::make_shared<FakeProgram>(record, 64));
  EXPECT_THAT(output_.data<float>(), ElementsAre(1, 2));
}

TEST_F(ExecutionContextTest, BindsAProgramOnce) {
  Record record;
  ExecutionContext context;
  const auto program = std::make_shared<FakeProgram>(record, 100);
  for (int i = 0; i < 3; ++i) Run(context, program);
  EXPECT_EQ(record.bound, 1);
  EXPECT_EQ(record.runs, 3);
}

TEST_F(ExecutionContextTest, ProgramsShareOneAlignedArena) {
  Record large;
  Record small;
  ExecutionContext context;
  Run(context, std::make_shared<FakeProgram>(large, 1000));
  Run(context, std::make_shared<FakeProgram>(small, 10));
  EXPECT_EQ(context.arena_bytes(), 1000u);
  EXPECT_EQ(large.arena, small.arena);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large.arena) % kTensorAlignment, 0u);
  EXPECT_EQ(large.alive, 1);
}

TEST_F(ExecutionContextTest, ALargerProgramGrowsTheArenaAndTheOthersAreBoundAnew) {
  Record small;
  Record large;
  ExecutionContext context;
  const auto first = std::make_shared<FakeProgram>(small, 10);
  const auto second = std::make_shared<FakeProgram>(large, 1000);
  for (int i = 0; i < 2; ++i) {
    Run(context, first);
    Run(context, second);
  }
  EXPECT_EQ(context.arena_bytes(), 1000u);
  EXPECT_EQ(small.bound, 2);
  EXPECT_EQ(large.bound, 1);
  EXPECT_EQ(small.arena, large.arena);
}

TEST_F(ExecutionContextTest, RunsAProgramThatNeedsNoMemory) {
  Record record;
  ExecutionContext context;
  Run(context, std::make_shared<FakeProgram>(record, 0));
  EXPECT_EQ(record.runs, 1);
  EXPECT_EQ(context.arena_bytes(), 0u);
}

TEST_F(ExecutionContextTest, DropsTheBindingThatWasNotUsedForLongest) {
  Record records[3];
  std::vector<std::shared_ptr<const Program>> programs;
  for (Record& record : records) programs.push_back(std::make_shared<FakeProgram>(record, 64));
  ExecutionContext context(/*max_bindings=*/2);
  Run(context, programs[0]);
  Run(context, programs[1]);
  Run(context, programs[0]);
  Run(context, programs[2]);
  EXPECT_EQ(records[0].alive, 1);
  EXPECT_EQ(records[1].alive, 0);
  EXPECT_EQ(records[2].alive, 1);
  Run(context, programs[1]);
  EXPECT_EQ(records[1].bound, 2);
  EXPECT_EQ(records[0].alive, 0);
}

TEST_F(ExecutionContextTest, KeepsAProgramAliveUntilItsBindingIsDropped) {
  Record record;
  Record other;
  ExecutionContext context(/*max_bindings=*/1);
  std::weak_ptr<const Program> watched;
  {
    const auto program = std::make_shared<FakeProgram>(record, 64);
    watched = program;
    Run(context, program);
  }
  EXPECT_FALSE(watched.expired());
  Run(context, std::make_shared<FakeProgram>(other, 64));
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(record.alive, 0);
}

}  // namespace
}  // namespace rectifier
