#pragma once

#include <string_view>

namespace zeus {

/// schemas.json, which describes the bodies of wire.h.
std::string_view BodySchemas();

}  // namespace zeus
