#include "zeus/optimizer/beliefs_json.h"

#include <fmt/format.h>

namespace zeus {
namespace {

constexpr std::string_view kFormat = "zeus-beliefs";
constexpr int64_t kVersion = 1;

Result<Uint128> WordFromJson(const JsonPlace& place, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const std::string text, field.Text());
  const Result<Uint128> word = Uint128FromText(text);
  if (!word) return field.Expected("a 128-bit whole number as text");
  return *word;
}

}  // namespace

Json ToJson(const NumpyGenerator& generator) {
  const NumpyGeneratorState& state = generator.state();
  Json json;
  json["state"] = Uint128ToText(state.state);
  json["inc"] = Uint128ToText(state.increment);
  json["has_uint32"] = state.has_uint32 ? 1 : 0;
  json["uinteger"] = state.uinteger;
  return json;
}

Result<NumpyGenerator> NumpyGeneratorFromJson(const JsonPlace& place) {
  NumpyGeneratorState state{};
  ZEUS_ASSIGN_OR_RETURN(state.state, WordFromJson(place, "state"));
  ZEUS_ASSIGN_OR_RETURN(state.increment, WordFromJson(place, "inc"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace has_field, place.Field("has_uint32"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t has_uint32, has_field.Integer());
  if (has_uint32 != 0 && has_uint32 != 1) return has_field.Expected("0 or 1");
  state.has_uint32 = has_uint32 == 1;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace half_field, place.Field("uinteger"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t half, half_field.Integer());
  if (half < 0 || half > UINT32_MAX) return half_field.Expected("a 32-bit whole number");
  state.uinteger = static_cast<uint32_t>(half);
  return NumpyGenerator(state);
}

Json NewBeliefs(std::string_view policy, Json options) {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  document["policy"] = policy;
  document["options"] = std::move(options);
  document["jobs"] = Json::array();
  return document;
}

Result<Json> ParseBeliefs(std::string_view text, std::string_view policy, const Json& options) {
  ZEUS_ASSIGN_OR_RETURN(Json document, ParseJson(text, "beliefs"));
  const JsonPlace root(document, "beliefs");
  ZEUS_RETURN_IF_ERROR(CheckFormat(root, kFormat, kVersion));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace policy_field, root.Field("policy"));
  ZEUS_ASSIGN_OR_RETURN(const std::string found, policy_field.Text());
  if (found != policy) return policy_field.Expected(fmt::format("\"{}\", the policy that loads them", policy));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace options_field, root.Field("options"));
  // Compared without regard to the order of fields: a store may have changed it.
  if (nlohmann::json(options_field.json()) != nlohmann::json(options)) {
    return options_field.Expected(fmt::format("{}, the options of the policy that loads them", options.dump()));
  }
  return document;
}

}  // namespace zeus
