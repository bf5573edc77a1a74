#include "client/cpp/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>

namespace rectifier::client::cli {
namespace {

constexpr int kWrongUsage = 2;
constexpr double kLongestSeconds = 365.0 * 24 * 3600;

constexpr const char* kDescription =
    "Talks to a Rectifier server, or any server of the Open Inference Protocol v2, over gRPC.";
constexpr const char* kFooter =
    "Each command has its own --help.\n"
    "\n"
    "Exit status: 0 done; 1 the server cannot be reached, is not ready or refused, a file cannot "
    "be\n"
    "read, or an accuracy was missed, with one line on standard error that says so; 2 wrong usage.";
constexpr const char* kReadyFooter =
    "Example:\n"
    "  rectifier-client ready --model digits_prelu --wait 30";
constexpr const char* kMetadataFooter =
    "Example:\n"
    "  rectifier-client metadata --model digits_prelu --json";
constexpr const char* kInferFooter =
    "Example:\n"
    "  rectifier-client infer --model digits_prelu --input image=heldout_images.npy --output-dir "
    "out";
constexpr const char* kClassifyFooter =
    "A picture file becomes the model's input in these steps: alpha is laid over --background, "
    "the\n"
    "channels become --channels, the size --size (bilinear), and each value, which is 0 to 255, "
    "becomes\n"
    "(value * scale - mean) / std. The defaults suit networks that take gray or colour in [0,1].\n"
    "\n"
    "Outputs are taken for scores, whose softmax is the confidence, unless they are "
    "probabilities.\n"
    "\n"
    "Labels come from --labels, or from file names that hold \"label\" and a number "
    "(0007_label3.png).\n"
    "\n"
    "Examples:\n"
    "  rectifier-client classify --model digits_prelu digits/images/*.png\n"
    "  rectifier-client classify --model digits_prelu --images heldout_images.npy \\\n"
    "      --labels heldout_labels.npy --concurrency 64 --min-accuracy 0.99\n"
    "  rectifier-client classify --model my_net --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
    "cat.png";

// CLI11's layout with less in it: the relations between options are told in words.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    std::string text = " " + option->get_type_name();
    if (option->get_items_expected_max() > 1 && option->get_allow_extra_args()) text += "...";
    return text;
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (option->get_required()) text += " (required)";
    if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
    return text;
  }
};

// Checks whose wording stays out of the help.
template <typename T>
CLI::Validator Between(T low, T high) {
  return CLI::Range(low, high).description("");
}
template <typename T>
CLI::Validator OneOf(std::initializer_list<T> values) {
  return CLI::IsMember(values).description("");
}

void AddConnection(CLI::App& app, ConnectionOptions& options) {
  const std::string group = "Connection";
  app.add_option("--server", options.server,
                 "Where the server is; or the environment's RECTIFIER_SERVER")
      ->type_name("HOST:PORT")
      ->capture_default_str()
      ->group(group);
  app.add_option("--timeout", options.timeout_seconds, "How long one call may take")
      ->type_name("SECONDS")
      ->check(Between(0.001, kLongestSeconds))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--tls", options.tls, "Connect with TLS, trusting the system's authorities")
      ->group(group);
  app.add_option("--tls-ca", options.tls_ca, "Connect with TLS, trusting these authorities (PEM)")
      ->type_name("FILE")
      ->group(group);
  CLI::Option* certificate =
      app.add_option("--tls-cert", options.tls_certificate, "The client's certificate (PEM)")
          ->type_name("FILE")
          ->group(group);
  CLI::Option* key = app.add_option("--tls-key", options.tls_key, "and its key (PEM)")
                         ->type_name("FILE")
                         ->group(group);
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--token-file", options.token_file, "Holds the bearer token to send; needs TLS")
      ->type_name("FILE")
      ->group(group);
}

void AddModel(CLI::App& app, std::string& model, std::string& version, bool required) {
  CLI::Option* name = app.add_option("--model", model, "The model's name")->type_name("NAME");
  if (required) name->required();
  app.add_option("--version", version, "The model's version; default: the highest that serves")
      ->type_name("N")
      ->needs(name);
}

// "8" → 8 and 8; "6x8" → 6 high, 8 wide.
std::string ParseSize(const std::string& text, PictureOptions& options) {
  const auto number = [](const std::string& digits) -> std::optional<int> {
    if (digits.empty() || digits.size() > 5 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    const int value = std::stoi(digits);
    if (value < 1 || value > 16384) return std::nullopt;
    return value;
  };
  const size_t x = text.find('x');
  options.height = number(text.substr(0, x));
  options.width = x == std::string::npos ? options.height : number(text.substr(x + 1));
  return options.height && options.width ? "" : "'" + text + "' is not a size: give N or HxW";
}

void AddReady(CLI::App& app, ReadyOptions& options) {
  AddModel(app, options.model, options.version, false);
  app.add_option("--wait", options.wait_seconds, "Wait this long for it; otherwise answer at once")
      ->type_name("SECONDS")
      ->check(Between(0.0, kLongestSeconds));
}

void AddMetadata(CLI::App& app, MetadataOptions& options) {
  AddModel(app, options.model, options.version, false);
  app.add_flag("--json", options.json, "Print JSON");
}

void AddInfer(CLI::App& app, InferOptions& options) {
  AddModel(app, options.model, options.version, true);
  app.add_option_function<std::vector<std::string>>(
         "--input",
         [&options](const std::vector<std::string>& inputs) {
           for (const std::string& input : inputs) {
             const size_t equals = input.find('=');
             if (equals == 0 || equals == std::string::npos || equals + 1 == input.size()) {
               throw CLI::ValidationError("--input", "'" + input + "' is not NAME=FILE.npy");
             }
             options.inputs.emplace_back(input.substr(0, equals), input.substr(equals + 1));
           }
         },
         "An input tensor; once for each")
      ->type_name("NAME=FILE.npy")
      ->required();
  app.add_option("--output", options.outputs, "An output to ask for; default: all")
      ->type_name("NAME");
  app.add_option(
         "--output-dir", options.output_dir,
         "Write each output to DIR/NAME.npy (unsafe characters as _) instead of printing it")
      ->type_name("DIR");
}

void AddPictureConversion(CLI::App& app, ClassifyOptions& options) {
  const std::string group = "From picture file to input";
  app.add_option("--channels", options.picture.channels,
                 "1 gray, 3 colour, 4 with alpha; default: the model's")
      ->check(OneOf({1, 3, 4}))
      ->type_name("N")
      ->group(group);
  app.add_option_function<std::string>(
         "--size",
         [&options](const std::string& text) {
           const std::string error = ParseSize(text, options.picture);
           if (!error.empty()) throw CLI::ValidationError("--size", error);
         },
         "N, or height x width; default: the model's")
      ->type_name("HxW")
      ->group(group);
  app.add_option_function<std::string>(
         "--layout",
         [&options](const std::string& text) {
           options.picture.layout = text == "nhwc" ? Layout::kChannelsLast : Layout::kChannelsFirst;
         },
         "nchw or nhwc; default: what the model's shape suggests")
      ->check(OneOf({"nchw", "nhwc"}))
      ->type_name("LAYOUT")
      ->group(group);
  app.add_option("--scale", options.normalization.scale, "What values are multiplied with")
      ->default_str("1/255")
      ->type_name("X")
      ->group(group);
  const auto per_channel = [&](const char* name, std::vector<float>& values, const char* text) {
    app.add_option(name, values, text)
        ->type_name("X[,...]")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->group(group);
  };
  per_channel("--mean", options.normalization.mean, "Subtracted then; one, or one a channel [0]");
  per_channel("--std", options.normalization.deviation,
              "Divided by then; one, or one a channel [1]");
  app.add_option("--background", options.background, "What shows through alpha, 0 to 255")
      ->check(Between(0.0, 255.0))
      ->type_name("X")
      ->capture_default_str()
      ->group(group);
}

void AddClassify(CLI::App& app, ClassifyOptions& options) {
  AddModel(app, options.model, options.version, true);
  CLI::Option* files = app.add_option("IMAGE.png", options.files, "Picture files")->type_name("");
  CLI::Option* images =
      app.add_option(
             "--images", options.images,
             "Instead of files: pictures as the model takes them, float32 [N,C,H,W] or [N,H,W,C]")
          ->type_name("FILE.npy")
          ->excludes(files);
  app.add_option("--labels", options.labels, "The right answers, int64 [N]")->type_name("FILE.npy");
  app.add_option("--output", options.picture.output,
                 "The output with the scores; default: the first")
      ->type_name("NAME");
  CLI::Option* size = app.add_option("--batch-size", options.batch_size, "Pictures in one request")
                          ->check(Between(1, 1 << 20))
                          ->type_name("N")
                          ->capture_default_str();
  app.add_flag_callback(
         "--batch", [&options] { options.batch_size = 0; }, "All pictures in one request")
      ->excludes(size);
  app.add_option("--concurrency", options.concurrency, "Requests in flight")
      ->check(Between(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--show", options.show, "How many pictures to draw, if they are at most 32x32")
      ->check(Between(0, 1 << 20))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--list", options.list, "Print a line for every picture that is not drawn");
  app.add_option("--min-accuracy", options.min_accuracy, "Exit with 1 when fewer are right, 0 to 1")
      ->check(Between(0.0, 1.0))
      ->type_name("X");
  AddPictureConversion(app, options);
  app.parse_complete_callback([&options, files, images] {
    if (files->count() + images->count() == 0) {
      throw CLI::ValidationError("pictures", "name PNG files, or an array with --images");
    }
    const auto& deviation = options.normalization.deviation;
    if (std::find(deviation.begin(), deviation.end(), 0.0F) != deviation.end()) {
      throw CLI::ValidationError("--std", "cannot be 0");
    }
  });
}

}  // namespace

std::variant<CommandLine, int> ParseCommandLine(const std::vector<std::string>& arguments,
                                                std::ostream& out, std::ostream& err) {
  CommandLine line;
  if (const char* server = std::getenv("RECTIFIER_SERVER"); server != nullptr && *server != '\0') {
    line.connection.server = server;
  }
  ReadyOptions ready;
  MetadataOptions metadata;
  InferOptions infer;
  ClassifyOptions classify;

  CLI::App app(kDescription, "rectifier-client");
  app.set_version_flag("--version", "rectifier-client " RECTIFIER_VERSION, "Print the version");
  app.formatter(std::make_shared<HelpFormatter>());
  const auto add = [&](const char* name, const char* description, const char* footer,
                       const auto& add_options, auto& options) {
    CLI::App* command = app.add_subcommand(name, description);
    command->footer(footer);
    add_options(*command, options);
    // On the commands and not on the program, so that each --help is whole.
    AddConnection(*command, line.connection);
    command->final_callback([&line, &options] { line.command = options; });
  };
  add("ready", "Is the server, or the model, ready? (exit status 0 or 1)", kReadyFooter, AddReady,
      ready);
  add("metadata", "What the server is, or what a model takes and gives", kMetadataFooter,
      AddMetadata, metadata);
  add("infer", "Run a model on tensors from .npy files", kInferFooter, AddInfer, infer);
  add("classify", "Classify pictures and draw what was seen", kClassifyFooter, AddClassify,
      classify);
  app.footer(kFooter);

  try {
    // CLI11 takes them last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    // Not by require_subcommand(), which would say so of a command that is misspelt.
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A command");
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : kWrongUsage;
  }
  return line;
}

}  // namespace rectifier::client::cli
