// Draws random numbers as it is told on standard input and prints them, for a comparison with NumPy.
//
// Each line is one of
//   seed SEED               a fresh generator
//   uint64 COUNT            64-bit draws
//   uint32 COUNT            32-bit draws
//   bounded MAX COUNT       whole numbers from 0 to MAX
//   choice POPULATION SIZE  distinct indices below POPULATION
//   double COUNT            numbers in [0, 1), as C99 hexadecimal text
//   normal COUNT            standard normals, as C99 hexadecimal text
//   state                   the state's four words
// and is answered by one line of numbers with a blank between them.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "zeus/base/numpy_generator.h"

namespace {

template <class Draw>
std::string Repeat(uint64_t count, Draw draw) {
  std::string line;
  for (uint64_t i = 0; i < count; ++i) fmt::format_to(std::back_inserter(line), "{} ", draw());
  return line;
}

std::string Choice(zeus::NumpyGenerator& generator, uint64_t population, uint64_t size) {
  std::vector<uint64_t> chosen(size);
  generator.ChooseWithoutReplacement(population, chosen);
  return fmt::format("{}", fmt::join(chosen, " "));
}

std::string State(const zeus::NumpyGeneratorState& state) {
  return fmt::format("{} {} {} {}", zeus::Uint128ToText(state.state), zeus::Uint128ToText(state.increment),
                     state.has_uint32 ? 1 : 0, state.uinteger);
}

}  // namespace

int main() {
  zeus::NumpyGenerator generator(0);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    uint64_t first = 0;
    uint64_t second = 0;
    words >> command >> first >> second;
    std::string answer;
    if (command == "seed") {
      generator = zeus::NumpyGenerator(first);
    } else if (command == "uint64") {
      answer = Repeat(first, [&] { return generator.NextUint64(); });
    } else if (command == "uint32") {
      answer = Repeat(first, [&] { return generator.NextUint32(); });
    } else if (command == "bounded") {
      answer = Repeat(second, [&] { return generator.Bounded(first); });
    } else if (command == "choice") {
      answer = Choice(generator, first, second);
    } else if (command == "double") {
      answer = Repeat(first, [&] { return fmt::format("{:a}", generator.NextDouble()); });
    } else if (command == "normal") {
      answer = Repeat(first, [&] { return fmt::format("{:a}", generator.StandardNormal()); });
    } else if (command == "state") {
      answer = State(generator.state());
    } else {
      std::cerr << "no such command: " << line << '\n';
      return 1;
    }
    std::cout << answer << '\n';
  }
  return 0;
}
