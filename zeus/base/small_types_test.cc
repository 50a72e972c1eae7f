// The small value types: units, file descriptors, checksums.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "zeus/base/adler32.h"
#include "zeus/base/unique_fd.h"
#include "zeus/base/units.h"

namespace zeus {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };

static_assert(Addable<Joules, Joules>);
static_assert(!Addable<Joules, Watts>);
static_assert(!Addable<Joules, double>);
static_assert(!std::is_convertible_v<double, Watts>);
static_assert(!std::is_convertible_v<Watts, Joules>);

TEST(UnitsTest, PowerTimesTimeIsEnergy) {
  EXPECT_EQ(Watts(100) * Seconds(60), Joules(6000));
  EXPECT_EQ(Seconds(60) * Watts(100), Joules(6000));
  EXPECT_EQ(Joules(6000) / Seconds(60), Watts(100));
  EXPECT_EQ(Joules(6000) / Joules(1500), 4.0);
}

TEST(UnitsTest, CountLikeNumbers) {
  Joules sum;
  EXPECT_EQ(sum.value(), 0);
  sum += Joules(3);
  sum -= Joules(1);
  EXPECT_EQ(sum, Joules(2));
  EXPECT_EQ(Joules(3) + Joules(4), Joules(7));
  EXPECT_EQ(Joules(3) - Joules(4), Joules(-1));
  EXPECT_EQ(-Joules(3), Joules(-3));
  EXPECT_EQ(2 * Joules(3), Joules(3) * 2);
  EXPECT_EQ(Joules(3) / 2, Joules(1.5));
  EXPECT_LT(Joules(3), Joules(4));
}

bool IsOpen(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

TEST(UniqueFdTest, ClosesWhatItOwns) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner.valid());
    EXPECT_EQ(owner.get(), fd);
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, OwnsNothingAtFirstAndAfterAFailedOpen) {
  EXPECT_FALSE(UniqueFd().valid());
  EXPECT_FALSE(UniqueFd(-1).valid());
}

TEST(UniqueFdTest, MovingHandsOwnershipOver) {
  const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int second = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    UniqueFd a(first);
    UniqueFd b(std::move(a));
    EXPECT_EQ(b.get(), first);
    UniqueFd c(second);
    c = std::move(b);
    EXPECT_EQ(c.get(), first);
    EXPECT_TRUE(IsOpen(first));
  }
  EXPECT_FALSE(IsOpen(first));
  EXPECT_FALSE(IsOpen(second));
}

TEST(Adler32Test, IsTheChecksumOfRfc1950) {
  static_assert(Adler32("") == 1);
  EXPECT_EQ(Adler32("a"), 6422626U);
  EXPECT_EQ(Adler32("abc"), 38600999U);
  EXPECT_EQ(Adler32("Wikipedia"), 300286872U);
  EXPECT_EQ(Adler32("30344d9eeb4a4a6e0e5edd79911d444c"), 2467105010U);
  EXPECT_EQ(Adler32(std::string(10000, '\xFF')), 3055807275U) << "sums wrap at 65521";
}

}  // namespace
}  // namespace zeus
