#pragma once

#include <memory>
#include <string>

#include "services/store/store.h"

namespace zeus::store {

/// The store that a URL names: sqlite:///FILE; postgresql://USER:PASSWORD@HOST:PORT/NAME; memory: for one that forgets.
/// Also with the name of a Python driver, such as sqlite+aiosqlite:///FILE, as in the published server's configuration.
/// kInvalidArgument for any other; its message holds nothing secret.
Result<std::unique_ptr<Store>> OpenStore(const std::string& url);

}  // namespace zeus::store
