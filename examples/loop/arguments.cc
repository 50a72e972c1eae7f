#include "arguments.h"

#include <getopt.h>

#include <charconv>
#include <string>
#include <string_view>

namespace loop {
namespace {

/// All of `text` as a number above 0, or 0 and more.
template <class Number>
zeus::Result<void> Read(const char* flag, std::string_view text, Number least, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least) return {};
  return zeus::Fail(zeus::ErrorCode::kInvalidArgument,
                    std::string(flag) + ": expected a number above 0, found \"" + std::string(text) + "\"");
}

}  // namespace

zeus::Result<Arguments> ParseArguments(int count, char** values) {
  Arguments arguments;
  const option flags[] = {{"batch-size", required_argument, nullptr, 'b'},
                          {"learning-rate", required_argument, nullptr, 'l'},
                          {"epochs", required_argument, nullptr, 'e'},
                          {"seed", required_argument, nullptr, 's'},
                          {"help", no_argument, nullptr, 'h'},
                          {}};
  opterr = 0;
  int flag = 0;
  while ((flag = ::getopt_long(count, values, "", flags, nullptr)) != -1) {
    switch (flag) {
      case 'b':
        ZEUS_RETURN_IF_ERROR(Read("--batch-size", optarg, int64_t{1}, arguments.batch_size));
        break;
      case 'l':
        ZEUS_RETURN_IF_ERROR(Read("--learning-rate", optarg, 1e-12, arguments.learning_rate));
        break;
      case 'e':
        ZEUS_RETURN_IF_ERROR(Read("--epochs", optarg, int64_t{1}, arguments.epochs));
        break;
      case 's':
        ZEUS_RETURN_IF_ERROR(Read("--seed", optarg, uint64_t{0}, arguments.seed));
        break;
      case 'h':
        arguments.help = true;
        break;
      default:
        return zeus::Fail(zeus::ErrorCode::kInvalidArgument,
                          std::string(values[optind - 1]) + ": no such flag, or its value is missing");
    }
  }
  if (optind < count) {
    return zeus::Fail(zeus::ErrorCode::kInvalidArgument, std::string(values[optind]) + ": expected a flag");
  }
  return arguments;
}

}  // namespace loop
