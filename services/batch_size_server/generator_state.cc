#include "services/batch_size_server/generator_state.h"

#include <fmt/format.h>

#include <limits>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

// Takes a decimal number that follows `before` off the front of `text`.
Result<std::string_view> TakeNumber(std::string_view* text, std::string_view before) {
  const auto wrong = [] { return Fail(ErrorCode::kInvalidData, "not the state of a PCG64 generator"); };
  if (!text->starts_with(before)) return wrong();
  text->remove_prefix(before.size());
  const std::string_view number = text->substr(0, text->find_first_not_of("0123456789"));
  if (number.empty()) return wrong();
  text->remove_prefix(number.size());
  return number;
}

}  // namespace

std::string GeneratorStateToJson(const NumpyGeneratorState& state) {
  return fmt::format(
      "{{\"bit_generator\": \"PCG64\", \"state\": {{\"state\": {}, \"inc\": {}}}, \"has_uint32\": {}, "
      "\"uinteger\": {}}}",
      Uint128ToText(state.state), Uint128ToText(state.increment), state.has_uint32 ? 1 : 0, state.uinteger);
}

Result<NumpyGeneratorState> GeneratorStateFromJson(std::string_view json) {
  std::string compact;
  for (const char character : json) {
    if (character != ' ') compact += character;
  }
  std::string_view text = compact;
  ZEUS_ASSIGN_OR_RETURN(const std::string_view state,
                        TakeNumber(&text, "{\"bit_generator\":\"PCG64\",\"state\":{\"state\":"));
  ZEUS_ASSIGN_OR_RETURN(const std::string_view increment, TakeNumber(&text, ",\"inc\":"));
  ZEUS_ASSIGN_OR_RETURN(const std::string_view has_uint32, TakeNumber(&text, "},\"has_uint32\":"));
  ZEUS_ASSIGN_OR_RETURN(const std::string_view uinteger, TakeNumber(&text, ",\"uinteger\":"));
  const std::optional<uint64_t> half = ParseUnsigned(uinteger);
  if (text != "}" || (has_uint32 != "0" && has_uint32 != "1") || !half ||
      *half > std::numeric_limits<uint32_t>::max()) {
    return Fail(ErrorCode::kInvalidData, "not the state of a PCG64 generator");
  }
  NumpyGeneratorState result{};
  ZEUS_ASSIGN_OR_RETURN(result.state, Uint128FromText(state));
  ZEUS_ASSIGN_OR_RETURN(result.increment, Uint128FromText(increment));
  result.has_uint32 = has_uint32 == "1";
  result.uinteger = static_cast<uint32_t>(*half);
  return result;
}

}  // namespace zeus
