#pragma once

#include <span>
#include <string_view>

namespace zeus {

/// A file within the program.
struct PageFile {
  std::string_view path;  ///< "index.html", "assets/index-CRBol6jo.js".
  std::string_view content;
  std::string_view digest;  ///< Of the content, in hexadecimal digits.
};

/// All of them, for as long as the program runs. embed_files.cmake writes the source.
std::span<const PageFile> PageFiles();

}  // namespace zeus
