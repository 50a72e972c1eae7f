#include "emulator/configuration/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "emulator/configuration/nvml_names.h"

namespace zeus::emulator {
namespace {

constexpr double kBytesPerGibibyte = 1024.0 * 1024.0 * 1024.0;

/// Reads the keys of one table, each at most once, and knows which nobody asked for.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string_view source, std::string path)
      : table_(table), source_(source), path_(std::move(path)) {}

  [[nodiscard]] std::unexpected<Error> Wrong(const toml::node& node, std::string_view key,
                                             std::string_view problem) const {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}:{}: {}{}: {}", source_, node.source().begin.line, path_, key, problem));
  }

  Result<void> Read(std::string_view key, std::string& value) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return {};
    const auto text = node->value_exact<std::string>();
    if (!text || text->empty()) return Wrong(*node, key, "expected a text that is not empty");
    value = *text;
    return {};
  }

  Result<void> Read(std::string_view key, bool& value) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return {};
    const auto flag = node->value_exact<bool>();
    if (!flag) return Wrong(*node, key, "expected true or false");
    value = *flag;
    return {};
  }

  Result<void> Read(std::string_view key, double lowest, double highest, std::optional<double>& value) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return {};
    // A whole number is a number, too.
    const auto number = node->is_number() ? node->value<double>() : std::nullopt;
    if (!number || !(*number >= lowest && *number <= highest)) {
      return Wrong(*node, key, fmt::format("expected a number from {} to {}", lowest, highest));
    }
    value = number;
    return {};
  }

  Result<void> Read(std::string_view key, int64_t lowest, int64_t highest, std::optional<int64_t>& value) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return {};
    const auto number = node->value_exact<int64_t>();
    if (!number || *number < lowest || *number > highest) {
      return Wrong(*node, key, fmt::format("expected a whole number from {} to {}", lowest, highest));
    }
    value = number;
    return {};
  }

  Result<void> Read(std::string_view key, std::vector<std::string>& values) {
    const toml::node* const node = Take(key);
    if (node == nullptr) return {};
    const toml::array* const array = node->as_array();
    if (array == nullptr) return Wrong(*node, key, "expected a list of texts");
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return Wrong(element, key, "expected a list of texts");
      values.push_back(*text);
    }
    return {};
  }

  [[nodiscard]] const toml::node* Take(std::string_view key) {
    known_.emplace(key);
    return table_.get(key);
  }

  /// An error for the first key that was never asked for.
  [[nodiscard]] Result<void> CheckNothingElse() const {
    for (const auto& [key, node] : table_) {
      if (!known_.contains(std::string(key.str()))) {
        return Wrong(node, key.str(), fmt::format("there is no such key; there are: {}", fmt::join(known_, ", ")));
      }
    }
    return {};
  }

  [[nodiscard]] const toml::table& table() const { return table_; }

 private:
  const toml::table& table_;
  std::string source_;
  std::string path_;
  std::set<std::string> known_;
};

Result<void> ReadGpu(TableReader reader, std::vector<GpuModel>& gpus) {
  std::string preset;
  ZEUS_RETURN_IF_ERROR(reader.Read("preset", preset));
  if (preset.empty()) return reader.Wrong(reader.table(), "preset", "is missing; it names the card, such as \"v100\"");
  Result<GpuModel> found = FindPreset(preset);
  if (!found) return reader.Wrong(*reader.Take("preset"), "preset", found.error().message);
  GpuModel model = *std::move(found);

  std::optional<int64_t> count;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> factory_default;
  std::optional<double> memory;
  std::optional<double> ambient;
  bool energy_counter = model.sensor.energy_period.has_value();
  ZEUS_RETURN_IF_ERROR(reader.Read("count", 1, kMaxGpus, count));
  ZEUS_RETURN_IF_ERROR(reader.Read("name", model.name));
  if (model.name.size() > 63) return reader.Wrong(*reader.Take("name"), "name", "expected at most 63 bytes");
  ZEUS_RETURN_IF_ERROR(reader.Read("min_power_limit_w", 1, 10000, minimum));
  ZEUS_RETURN_IF_ERROR(reader.Read("max_power_limit_w", 1, 10000, maximum));
  ZEUS_RETURN_IF_ERROR(reader.Read("default_power_limit_w", 1, 10000, factory_default));
  ZEUS_RETURN_IF_ERROR(reader.Read("memory_gib", 0.25, 4096, memory));
  ZEUS_RETURN_IF_ERROR(reader.Read("ambient_celsius", -40, 60, ambient));
  ZEUS_RETURN_IF_ERROR(reader.Read("energy_counter", energy_counter));
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());

  if (minimum) model.min_limit = Watts(*minimum);
  if (maximum) model.max_limit = Watts(*maximum);
  if (factory_default) model.default_limit = Watts(*factory_default);
  if (!(model.min_limit <= model.default_limit && model.default_limit <= model.max_limit)) {
    return reader.Wrong(reader.table(), "default_power_limit_w",
                        fmt::format("the default limit, {} W, is not within {} to {} W", model.default_limit.value(),
                                    model.min_limit.value(), model.max_limit.value()));
  }
  if (memory) model.memory_bytes = static_cast<uint64_t>(*memory * kBytesPerGibibyte);
  if (ambient) model.thermal.ambient_celsius = *ambient;
  if (!energy_counter) model.sensor.energy_period.reset();
  if (energy_counter && !model.sensor.energy_period) model.sensor.energy_period = model.sensor.instant.update_period;
  gpus.insert(gpus.end(), static_cast<size_t>(count.value_or(1)), model);
  return {};
}

Result<void> ReadFault(TableReader reader, size_t gpu_count, std::vector<Fault>& faults) {
  Fault fault;
  std::string error;
  std::optional<int64_t> gpu;
  std::optional<double> after_seconds;
  std::optional<int64_t> after_calls;
  std::optional<int64_t> calls;
  std::optional<double> wraps;
  bool resets = false;
  if (const toml::node* const node = reader.Take("gpu"); node != nullptr && gpu_count == 0) {
    return reader.Wrong(*node, "gpu", "the machine has no GPUs");
  }
  ZEUS_RETURN_IF_ERROR(reader.Read("gpu", 0, static_cast<int64_t>(gpu_count) - 1, gpu));
  ZEUS_RETURN_IF_ERROR(reader.Read("function", fault.function));
  ZEUS_RETURN_IF_ERROR(reader.Read("error", error));
  ZEUS_RETURN_IF_ERROR(reader.Read("after_seconds", 0, 1e9, after_seconds));
  ZEUS_RETURN_IF_ERROR(reader.Read("for_seconds", 0, 1e9, fault.for_seconds));
  ZEUS_RETURN_IF_ERROR(reader.Read("after_calls", 0, int64_t{1} << 60, after_calls));
  ZEUS_RETURN_IF_ERROR(reader.Read("calls", 1, int64_t{1} << 60, calls));
  ZEUS_RETURN_IF_ERROR(reader.Read("counter_wraps_at_j", 0.001, 1e15, wraps));
  ZEUS_RETURN_IF_ERROR(reader.Read("counter_resets", resets));
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());

  if (int{!error.empty()} + int{wraps.has_value()} + int{resets} != 1) {
    return reader.Wrong(reader.table(), "error", "expected one of error, counter_wraps_at_j and counter_resets = true");
  }
  if (!error.empty()) {
    const std::optional<int> code = FindErrorCode(error);
    if (!code) {
      return reader.Wrong(*reader.Take("error"), "error",
                          fmt::format("there is no error \"{}\"; there are: {}", error, fmt::join(ErrorNames(), ", ")));
    }
    fault.error = *code;
  } else {
    if (!fault.function.empty()) {
      return reader.Wrong(*reader.Take("function"), "function", "a fault of the counter concerns no function");
    }
    fault.kind = wraps ? Fault::Kind::kCounterWraps : Fault::Kind::kCounterResets;
    if (resets && !gpu) return reader.Wrong(reader.table(), "gpu", "is missing; one GPU's counter is reset at a time");
    if (wraps) fault.counter_value = static_cast<uint64_t>(*wraps * 1000);
    // Calls are counted for the functions that fail.
    if (after_calls || calls) {
      return reader.Wrong(reader.table(), after_calls ? "after_calls" : "calls",
                          "a fault of the counter counts no calls");
    }
  }
  if (!fault.function.empty() && !fault.function.starts_with("nvml")) {
    return reader.Wrong(*reader.Take("function"), "function", "expected the name of an NVML function");
  }
  if (gpu) fault.gpu = static_cast<int>(*gpu);
  fault.after_seconds = after_seconds.value_or(0);
  fault.after_calls = static_cast<uint64_t>(after_calls.value_or(0));
  if (calls) fault.calls = static_cast<uint64_t>(*calls);
  faults.push_back(std::move(fault));
  return {};
}

// Calls `read` with a reader for each table of the array of tables `key`.
template <class ReadTable>
Result<void> ReadTables(TableReader& reader, std::string_view source, std::string_view key, ReadTable read) {
  const toml::node* const node = reader.Take(key);
  if (node == nullptr) return {};
  const toml::array* const array = node->as_array();
  if (array == nullptr) return reader.Wrong(*node, key, fmt::format("expected tables, each begun by [[{}]]", key));
  for (const toml::node& element : *array) {
    const toml::table* const table = element.as_table();
    if (table == nullptr) return reader.Wrong(element, key, fmt::format("expected tables, each begun by [[{}]]", key));
    ZEUS_RETURN_IF_ERROR(read(TableReader(*table, source, fmt::format("{}.", key))));
  }
  return {};
}

Result<void> ReadSettings(TableReader& reader, SettingsPermission& settings) {
  std::string text = "root";
  ZEUS_RETURN_IF_ERROR(reader.Read("settings", text));
  if (text == "root") {
    settings = SettingsPermission::kRoot;
  } else if (text == "everyone") {
    settings = SettingsPermission::kEveryone;
  } else if (text == "nobody") {
    settings = SettingsPermission::kNobody;
  } else {
    return reader.Wrong(*reader.Take("settings"), "settings", "expected \"root\", \"everyone\" or \"nobody\"");
  }
  return {};
}

Result<Configuration> ReadConfiguration(const toml::table& table, std::string_view source) {
  TableReader reader(table, source, "");
  Configuration configuration;
  std::optional<int64_t> cuda_version;
  ZEUS_RETURN_IF_ERROR(reader.Read("driver_version", configuration.driver_version));
  configuration.library_version = "12." + configuration.driver_version;
  ZEUS_RETURN_IF_ERROR(reader.Read("library_version", configuration.library_version));
  if (configuration.driver_version.size() > 70 || configuration.library_version.size() > 70) {
    return reader.Wrong(table, "driver_version", "expected at most 70 bytes");
  }
  ZEUS_RETURN_IF_ERROR(reader.Read("cuda_version", 1000, 99990, cuda_version));
  if (cuda_version) configuration.cuda_version = static_cast<int>(*cuda_version);
  ZEUS_RETURN_IF_ERROR(ReadSettings(reader, configuration.settings));
  ZEUS_RETURN_IF_ERROR(reader.Read("missing_symbols", configuration.missing_symbols));
  for (const std::string& symbol : configuration.missing_symbols) {
    if (!symbol.starts_with("nvml")) {
      return reader.Wrong(*reader.Take("missing_symbols"), "missing_symbols",
                          fmt::format("\"{}\" is not the name of an NVML function", symbol));
    }
  }
  ZEUS_RETURN_IF_ERROR(
      ReadTables(reader, source, "gpu", [&](TableReader gpu) { return ReadGpu(std::move(gpu), configuration.gpus); }));
  if (configuration.gpus.size() > kMaxGpus) {
    return reader.Wrong(*reader.Take("gpu"), "gpu", fmt::format("expected at most {} GPUs", kMaxGpus));
  }
  ZEUS_RETURN_IF_ERROR(ReadTables(reader, source, "fault", [&](TableReader fault) {
    return ReadFault(std::move(fault), configuration.gpus.size(), configuration.faults);
  }));
  if (configuration.faults.size() > kMaxFaults) {
    return reader.Wrong(*reader.Take("fault"), "fault", fmt::format("expected at most {} faults", kMaxFaults));
  }
  ZEUS_RETURN_IF_ERROR(reader.CheckNothingElse());
  return configuration;
}

// toml++ 3.3 runs into undefined behaviour on some letters beyond ASCII; nothing in a configuration needs one.
Result<void> CheckAscii(std::string_view text, std::string_view source) {
  const auto foreign = std::ranges::find_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (foreign == text.end()) return {};
  const auto line = 1 + std::count(text.begin(), foreign, '\n');
  return Fail(ErrorCode::kInvalidData, fmt::format("{}:{}: expected ASCII alone", source, line));
}

}  // namespace

Result<std::vector<GpuModel>> ParseGpuList(std::string_view text) {
  std::vector<GpuModel> gpus;
  const auto wrong = [&](std::string_view entry, std::string_view problem) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\": {}", entry, problem));
  };
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view entry = text.substr(0, comma);
    std::string_view name = entry;
    size_t count = 1;
    // "rtx6000x2": what follows the last x, where that is a number, is how many.
    if (const size_t x = entry.rfind('x'); x != std::string_view::npos && x > 0 && x + 1 < entry.size()) {
      size_t number = 0;
      const auto [end, error] = std::from_chars(entry.data() + x + 1, entry.data() + entry.size(), number);
      if (error == std::errc() && end == entry.data() + entry.size()) {
        // A preset whose name itself ends so ("rtx6000") is meant as it stands.
        if (!FindPreset(entry)) {
          name = entry.substr(0, x);
          count = number;
        }
      }
    }
    Result<GpuModel> model = FindPreset(name);
    if (!model) return wrong(entry, model.error().message);
    if (count < 1 || count > kMaxGpus - gpus.size())
      return wrong(entry, fmt::format("expected 1 to {} GPUs", kMaxGpus));
    gpus.insert(gpus.end(), count, *model);
    if (comma == std::string_view::npos) return gpus;
    text.remove_prefix(comma + 1);
  }
}

Result<Configuration> ParseConfiguration(std::string_view text, std::string_view source) {
  ZEUS_RETURN_IF_ERROR(CheckAscii(text, source));
  // toml++ throws; nothing of ours does.
  try {
    const toml::table table = toml::parse(text, source);
    return ReadConfiguration(table, source);
  } catch (const toml::parse_error& error) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}:{}:{}: {}", source, error.source().begin.line,
                                                     error.source().begin.column, error.description()));
  }
}

}  // namespace zeus::emulator
