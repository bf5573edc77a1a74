// Runs a model's Program in a loop on several threads at once, without a server: what a server
// could give at most. Prints samples a second.

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include "server/core/status.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/models/model.h"

namespace {

using rectifier::Program;

void Loop(const std::shared_ptr<const Program>& program, const std::atomic<bool>& stop,
          std::atomic<int64_t>& runs) {
  rectifier::ExecutionContext context;
  std::vector<rectifier::Tensor> inputs;
  std::vector<rectifier::Tensor> outputs;
  std::vector<rectifier::TensorView> input_views;
  std::vector<rectifier::MutableTensorView> output_views;
  for (const Program::Port& port : program->inputs()) {
    inputs.push_back(rectifier::SeededTensor(port.type, inputs.size() + 1));
  }
  for (const Program::Port& port : program->outputs()) {
    outputs.push_back(*rectifier::Tensor::Allocate(port.type));
  }
  for (const rectifier::Tensor& input : inputs) input_views.push_back(input.view());
  for (rectifier::Tensor& output : outputs) {
    output_views.push_back({output.type(), output.bytes()});
  }
  while (!stop) {
    context.Run(program, input_views, output_views);
    ++runs;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string path;
  int threads = 1;
  int64_t batch = 1;
  double seconds = 3;
  CLI::App app("Runs a model in a loop");
  app.add_option("model", path, "a model file")->required();
  app.add_option("--threads", threads, "threads that run it at the same time");
  app.add_option("--batch", batch, "samples of one run, a power of two up to 32");
  app.add_option("--seconds", seconds, "how long");
  CLI11_PARSE(app, argc, argv);
  rectifier::LoadOptions load;
  load.new_compiler = rectifier::NewOneDnnCompiler;
  const auto model = rectifier::Model::Load(path, load, rectifier::SteadyClock());
  if (!model.ok()) {
    std::cerr << model.status() << "\n";
    return 1;
  }
  const std::shared_ptr<const Program>& program = (*model)->ProgramFor(batch);
  std::atomic<bool> stop = false;
  std::atomic<int64_t> runs = 0;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] { Loop(program, stop, runs); });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds / 5));
  const int64_t before = runs;
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const int64_t counted = runs - before;
  const double took = rectifier::Seconds(std::chrono::steady_clock::now() - begin);
  stop = true;
  for (std::thread& thread : running) thread.join();
  std::cout << static_cast<double>(counted * batch) / took << "\n";
  return 0;
}
