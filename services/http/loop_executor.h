#pragma once

// clang-format off
#include <utility>  // Asio 1.74 forgets it.
#include <boost/asio/awaitable.hpp>
// clang-format on

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

/// Where a server's coroutines run and its sockets belong: always an io_context, and named as such, because a coroutine
/// whose steps first have to ask what their executor is takes longer for each. An awaited value goes into a variable of
/// its own: GCC 12 has miscompiled `!co_await a || b` in a condition.
namespace zeus::http {

using LoopExecutor = boost::asio::io_context::executor_type;

template <class Protocol>
using LoopSocket = boost::asio::basic_stream_socket<Protocol, LoopExecutor>;

template <class Value>
using Awaitable = boost::asio::awaitable<Value, LoopExecutor>;

inline constexpr boost::asio::use_awaitable_t<LoopExecutor> kAwait{};

}  // namespace zeus::http
