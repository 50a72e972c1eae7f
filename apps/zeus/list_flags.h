#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

/// Flags that take a list: "a,b,c". An empty part is an error that names the flag.
namespace zeus {

Result<std::vector<std::string>> SplitList(std::string_view flag, std::string_view list);

Result<std::vector<double>> NumberList(std::string_view flag, std::string_view list);

/// Seeds: numbers and inclusive ranges, "1-50,60".
Result<std::vector<uint64_t>> SeedList(std::string_view flag, std::string_view list);

}  // namespace zeus
