#include "zeus/http_client/address.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus::http {
namespace {

using testing::IsError;

TEST(AddressTest, HostAndPort) {
  EXPECT_EQ(ParseHostPort("node1:4938").value_or(TcpAddress()), (TcpAddress{.host = "node1", .port = 4938}));
  EXPECT_EQ(ParseHostPort("[::1]:0").value_or(TcpAddress()), (TcpAddress{.host = "::1", .port = 0}));
  for (const char* const wrong : {"", "node1", ":80", "node1:", "node1:65536", "node1:-1", "node1:8o", "[]:80"}) {
    EXPECT_THAT(ParseHostPort(wrong), IsError(ErrorCode::kInvalidArgument, "expected HOST:PORT")) << wrong;
  }
}

TEST(AddressTest, Urls) {
  EXPECT_EQ(ParseServerUrl("http://127.0.0.1:80/").value_or(ServerAddress()),
            ServerAddress(TcpAddress{.host = "127.0.0.1", .port = 80}));
  EXPECT_EQ(ParseServerUrl("unix:/run/a b").value_or(ServerAddress()),
            ServerAddress(std::filesystem::path("/run/a b")));
  for (const char* const wrong : {"", "unix:", "http://", "http://x", "http://x:0", "https://x:1", "x:1"}) {
    EXPECT_THAT(ParseServerUrl(wrong), IsError(ErrorCode::kInvalidArgument, "expected http://HOST:PORT or unix:FILE"))
        << wrong;
  }
}

TEST(AddressTest, Names) {
  EXPECT_EQ(NameOf(TcpAddress{.host = "node1", .port = 4938}), "node1:4938");
  EXPECT_EQ(NameOf(TcpAddress{.host = "::1", .port = 1}), "[::1]:1");
  EXPECT_EQ(NameOf(std::filesystem::path("/run/zeusd.sock")), "/run/zeusd.sock");
}

TEST(AddressTest, Loopback) {
  for (const char* const near : {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE((TcpAddress{.host = near}.IsLoopback())) << near;
  }
  for (const char* const far : {"0.0.0.0", "10.0.0.1", "node1", ""}) {
    EXPECT_FALSE((TcpAddress{.host = far}.IsLoopback())) << far;
  }
}

}  // namespace
}  // namespace zeus::http
