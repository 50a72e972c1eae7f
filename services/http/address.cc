#include "services/http/address.h"

#include <boost/asio/ip/address.hpp>

namespace zeus::http {

bool TcpAddress::IsLoopback() const {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(host, error);
  return !error && ip.is_loopback();
}

}  // namespace zeus::http
