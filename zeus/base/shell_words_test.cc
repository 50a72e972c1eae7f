#include "zeus/base/shell_words.h"

#include <gmock/gmock.h>

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ShellWords, AreSplitAsAShellDoes) {
  EXPECT_THAT(*SplitShellWords("  a\tbc   d "), ElementsAre("a", "bc", "d"));
  EXPECT_THAT(*SplitShellWords(R"(a'b c'"d e"f\ g '' "")"), ElementsAre("ab cd ef g", "", ""));
  EXPECT_THAT(*SplitShellWords(R"("\"\\\$\n" '\')"), ElementsAre("\"\\$\\n", "\\"));
  EXPECT_THAT(*SplitShellWords(" \n"), IsEmpty());
  for (const char* const wrong : {"'", "a \"b", "a\\", "\"\\\""}) EXPECT_FALSE(SplitShellWords(wrong)) << wrong;
}

TEST(ShellWords, AreReadBackAsTheyWere) {
  const std::vector<std::string> words = {"a", "", "b c", "it's", "\"", "\\", "$x", "a\nb", "*", "--x=1"};
  EXPECT_EQ(*SplitShellWords(JoinShellWords(words)), words);
}

}  // namespace
}  // namespace zeus
