// How the fuzzers of saved JSON change an input: half of the time as bytes, and half of the time as a document, because
// a document that is still JSON gets past the parser. One part of it is removed, replaced by a strange value, or
// replaced by another part.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/require.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxNodes = 2000;

// Every part of the document, its root first.
void CollectNodes(Json& json, std::vector<Json*>* nodes) {
  if (nodes->size() >= kMaxNodes) return;
  nodes->push_back(&json);
  if (!json.is_structured()) return;
  for (Json& child : json) CollectNodes(child, nodes);
}

Json StrangeValue(std::minstd_rand& random) {
  static const std::vector<Json> values = {
      nullptr,       true,           false,      -1,        0,    1,     2,      8,     16,     32,    4096, 4097,
      INT64_MAX,     INT64_MIN,      UINT64_MAX, 0.5,       -0.0, 1e308, 5e-324, "inf", "-inf", "nan", "",   "0",
      Json::array(), Json::object(), 1e15,       2147483648};
  return values[random() % values.size()];
}

void MutateNode(Json& node, const std::vector<Json*>& nodes, std::minstd_rand& random) {
  switch (random() % 4) {
    case 0:
      if (node.is_structured() && !node.empty()) {
        node.erase(std::next(node.begin(), static_cast<std::ptrdiff_t>(random() % node.size())));
        return;
      }
      [[fallthrough]];
    case 1:
      node = StrangeValue(random);
      return;
    case 2:
      if (node.is_array() && !node.empty()) {
        node.push_back(Json(node[random() % node.size()]));
        return;
      }
      if (node.is_number_integer() && node != INT64_MAX && node != INT64_MIN) {
        node = node.get<int64_t>() + (random() % 2 == 0 ? 1 : -1);
        return;
      }
      [[fallthrough]];
    default:
      node = Json(*nodes[random() % nodes.size()]);
  }
}

void MutateDocument(Json& document, std::minstd_rand& random) {
  std::vector<Json*> nodes;
  CollectNodes(document, &nodes);
  Json& node = *nodes[random() % nodes.size()];
  if (node.is_string()) {  // Beliefs inside a saved simulation are texts that hold JSON themselves.
    Json inner = Json::parse(node.get_ref<const std::string&>(), nullptr, false);
    if (inner.is_structured()) {
      MutateDocument(inner, random);
      node = inner.dump(-1, ' ', false, Json::error_handler_t::replace);
      return;
    }
  }
  MutateNode(node, nodes, random);
}

}  // namespace

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  // A number that no double holds, or deep nesting, is left to the bytes.
  const std::string_view text = zeus::fuzz::ToText(data, size);
  if (std::ranges::count(text, '[') > 500 || std::ranges::count(text, '{') > 500) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_structured()) return LLVMFuzzerMutate(data, size, max_size);
  for (size_t changes = 1 + random() % 3; changes > 0; --changes) MutateDocument(document, random);
  const std::string changed = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}
