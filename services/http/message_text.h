#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>

#include "services/http/message.h"

/// Between our own requests and answers and what goes over the wire.
namespace zeus::http {

/// Their names in lower case.
NamedTexts HeadersOf(const boost::beast::http::request<boost::beast::http::string_body>& message);

/// What is told to whoever sent what the parser could not take.
Response ForReadError(const boost::system::error_code& error);

/// An answer with its body.
std::string WholeMessage(const Response& response, bool keep_alive);

/// The head of an answer whose body comes in chunks, the last of which is empty (RFC 9112, section 7.1).
std::string HeadOfChunked(const Response& response);
std::string Chunk(std::string_view piece);

}  // namespace zeus::http
