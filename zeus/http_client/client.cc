#include "zeus/http_client/client.h"

#include <utility>

namespace zeus::http {

Client::Client(ServerAddress address, std::chrono::milliseconds timeout, std::stop_token stop)
    : address_(std::move(address)), timeout_(timeout), stop_(std::move(stop)) {}

Result<Answer> Client::Send(std::string_view method, std::string_view target, std::string body,
                            const NamedTexts& headers) {
  // Taken out while in use, so that after an error the next request connects anew.
  std::optional<Connection> connection = std::exchange(connection_, std::nullopt);
  if (!connection) {
    ZEUS_ASSIGN_OR_RETURN(connection, Connection::Open(address_, timeout_, stop_));
  }
  ZEUS_RETURN_IF_ERROR(connection->Send(
      {.method = method, .target = target, .body = std::move(body), .token = token_, .headers = headers}));
  ZEUS_ASSIGN_OR_RETURN(Answer answer, connection->Receive());
  if (connection->is_reusable()) connection_ = std::move(connection);
  return answer;
}

}  // namespace zeus::http
