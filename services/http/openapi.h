#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a server's routes take and answer, told in the words of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0).
namespace zeus::http {

struct QueryField {
  std::string name;
  std::string type;  ///< "string" or "integer".
  bool required = false;
  std::string description;
};

struct DocumentedAnswer {
  int status = 200;
  std::string description;
  std::string schema = {};  ///< The name of one of the document's; empty: no body that is told of.
  std::string content_type = "application/json";
};

struct Operation {
  std::string method;
  std::string path;  ///< As the router has it: "/jobs/{id}".
  std::string summary;
  std::vector<QueryField> query = {};
  std::string scope = {};  ///< What a token must allow, where the server asks for one; empty: none is asked for.
  std::string body = {};   ///< The name of the body's schema; empty: none.
  std::vector<DocumentedAnswer> answers = {};
};

/// The document, as JSON text. `schemas` is a JSON object of JSON Schemas by name. Precondition: it is one.
std::string OpenApiDocument(std::string_view title, std::string_view version, const std::vector<Operation>& operations,
                            std::string_view schemas);

}  // namespace zeus::http
