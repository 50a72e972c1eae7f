#pragma once

#include <string>

namespace zeus {

/// A word as a shell reads it: quoted where it must be.
std::string ShellWord(const std::string& word);

}  // namespace zeus
