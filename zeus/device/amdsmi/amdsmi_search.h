#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "zeus/device/amdsmi/amdsmi_abi.h"

namespace zeus {

/// Where to look for AMD SMI. The first of these that applies decides:
///   1. `amdsmi_lib_dir` alone, 2. `rocm_path`/lib alone,
///   3. `opt`/rocm/lib, then the newest `opt`/rocm-VERSION/lib, then whatever the dynamic loader knows by name.
/// In each place the newest ABI first. An empty text counts as none.
struct AmdSmiSearch {
  std::optional<std::string> amdsmi_lib_dir;  ///< The environment's AMDSMI_LIB_DIR.
  std::optional<std::string> rocm_path;       ///< The environment's ROCM_PATH.
  std::filesystem::path opt = "/opt";
  bool use_loader = true;
};

namespace amdsmi {

struct Candidate {
  Abi abi;
  std::filesystem::path path;  ///< Without a folder: a name for the dynamic loader.
};

/// What to try, best first. Reads `opt`; the files need not exist.
std::vector<Candidate> ListCandidates(const AmdSmiSearch& search);

}  // namespace amdsmi
}  // namespace zeus
