#include "zeus/device/remote/node_config.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;

TEST(NodeConfig, NoVariableMeansNoDaemon) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto none, ParseNodeVariables({}));
  EXPECT_FALSE(none);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto empty, ParseNodeVariables({.sock_path = "", .host_port = "", .token = "t"}));
  EXPECT_FALSE(empty);
}

TEST(NodeConfig, TheSocketCountsBeforeTheAddress) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto socket,
                            ParseNodeVariables({.sock_path = "/run/z.sock", .host_port = "nonsense", .token = "a.b"}));
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->Endpoint(), "/run/z.sock");
  EXPECT_EQ(socket->token, "a.b");
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto tcp, ParseNodeVariables({.sock_path = "", .host_port = "n1:4938", .token = {}}));
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->address, http::ServerAddress(http::TcpAddress{.host = "n1", .port = 4938}));
  EXPECT_EQ(tcp->token, "");
}

TEST(NodeConfig, WhatCannotBeIsToldWithTheVariable) {
  for (const char* const wrong : {"n1", "n1:", ":1", "n1:0", "n1:65536", "http://n1:1/"}) {
    EXPECT_THAT(ParseNodeVariables({.sock_path = {}, .host_port = wrong, .token = {}}),
                IsError(ErrorCode::kInvalidArgument, std::string("ZEUSD_HOST_PORT=") + wrong))
        << wrong;
  }
  for (const char* const wrong : {"a b", "a\r\nb", "\xc3\xa4"}) {
    const auto config = ParseNodeVariables({.sock_path = "/s", .host_port = {}, .token = wrong});
    EXPECT_THAT(config, IsError(ErrorCode::kInvalidArgument, "ZEUSD_TOKEN"));
    EXPECT_EQ(config.error().message.find(wrong), std::string::npos);
  }
}

}  // namespace
}  // namespace zeus
