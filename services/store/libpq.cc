#include "services/store/libpq.h"

#include <fmt/format.h>

namespace zeus::store {
namespace {

Result<Libpq> Load() {
  Result<DynamicLibrary> file = DynamicLibrary::OpenByName("libpq.so.5");
  if (!file) {
    return Fail(file.error().code, fmt::format("a PostgreSQL database needs PostgreSQL's client library (Debian's "
                                               "package libpq5): {}",
                                               file.error().message));
  }
  Libpq libpq;
  const auto resolve = [&](const char* name, auto& function) -> Result<void> {
    Result<void*> address = file->Symbol(name);
    if (!address) return Fail(ErrorCode::kInvalidData, address.error().message);
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(*address);
    return {};
  };
#define ZEUS_LIBPQ_RESOLVE(function) ZEUS_RETURN_IF_ERROR(resolve(#function, libpq.function));
  ZEUS_LIBPQ_FUNCTIONS(ZEUS_LIBPQ_RESOLVE)
#undef ZEUS_LIBPQ_RESOLVE
  return libpq;
}

}  // namespace

Result<const Libpq*> Libpq::Open() {
  static const Result<Libpq> kLibrary = Load();
  if (!kLibrary) return std::unexpected(kLibrary.error());
  return &*kLibrary;
}

}  // namespace zeus::store
