# cmake -DFOLDER=DIR -DOUTPUT=FILE.cc -P embed_files.cmake
#
# Writes the source of PageFiles() (services/page/page_files.h): every file below FOLDER.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT files)
set(contents "")
set(entries "")
set(number 0)
foreach(file IN LISTS files)
  file(READ ${FOLDER}/${file} bytes HEX)
  file(SHA256 ${FOLDER}/${file} digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND contents "constexpr char kContent${number}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${file}\", {kContent${number}, sizeof kContent${number}}, \"${digest}\"},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by services/page/embed_files.cmake.
#include \"services/page/page_files.h\"

namespace zeus {
namespace {

${contents}
constexpr PageFile kFiles[] = {
${entries}};

}  // namespace

std::span<const PageFile> PageFiles() {
  return kFiles;
}

}  // namespace zeus
")
