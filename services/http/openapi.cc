#include "services/http/openapi.h"

#include "services/http/target.h"
#include "zeus/base/json_fields.h"

namespace zeus::http {
namespace {

Json Reference(const std::string& schema) {
  return {{"$ref", "#/components/schemas/" + schema}};
}

Json Content(const std::string& schema, const std::string& content_type) {
  return {{content_type, {{"schema", Reference(schema)}}}};
}

Json Parameters(const Operation& operation) {
  Json parameters = Json::array();
  const Target target = *ParseTarget(operation.path);
  for (const std::string& segment : target.segments) {
    if (!segment.starts_with('{')) continue;
    parameters.push_back({{"name", segment.substr(1, segment.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  for (const QueryField& field : operation.query) {
    parameters.push_back({{"name", field.name},
                          {"in", "query"},
                          {"required", field.required},
                          {"description", field.description},
                          {"schema", {{"type", field.type}}}});
  }
  return parameters;
}

Json Answers(const Operation& operation) {
  Json answers = Json::object();
  for (const DocumentedAnswer& answer : operation.answers) {
    Json& told = answers[std::to_string(answer.status)];
    told["description"] = answer.description;
    if (answer.content_type != "application/json" && answer.schema.empty()) {
      told["content"] = {{answer.content_type, {{"schema", {{"type", "string"}}}}}};
    }
    if (!answer.schema.empty()) told["content"] = Content(answer.schema, answer.content_type);
  }
  return answers;
}

std::string LowerCase(std::string text) {
  for (char& character : text) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::string OpenApiDocument(std::string_view title, std::string_view version, const std::vector<Operation>& operations,
                            std::string_view schemas) {
  Json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", title}, {"version", version}, {"license", {{"name", "Apache-2.0"}}}}},
      {"paths", Json::object()},
      {"components",
       {{"schemas", Json::parse(schemas)},
        {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}}}};
  for (const Operation& operation : operations) {
    Json& told = document["paths"][operation.path][LowerCase(operation.method)];
    told = {{"summary", operation.summary}, {"parameters", Parameters(operation)}, {"responses", Answers(operation)}};
    if (!operation.scope.empty()) {
      told["security"] = Json::array({Json::object(), {{"token", {operation.scope}}}});
    }
    if (!operation.body.empty()) {
      told["requestBody"] = {{"required", true}, {"content", Content(operation.body, "application/json")}};
    }
  }
  return document.dump();
}

}  // namespace zeus::http
