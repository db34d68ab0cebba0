#include "cluster/etcd_error.hpp"

#include <array>

#include "base/escaped_text.hpp"

namespace servicekit::cluster {
namespace {

// Codes of gRPC, https://grpc.io/docs/guides/status-codes
enum Code { invalid_argument = 3, not_found = 5, permission_denied = 7, failed_precondition = 9, unauthenticated = 16 };
constexpr int canceled = 1;
constexpr int unknown = 2;
constexpr int deadline_exceeded = 4;
constexpr int exhausted = 8;
constexpr int aborted = 10;
constexpr int internal_error = 13;
constexpr int unavailable = 14;

EtcdFault::Kind kind_of(int code, std::string_view text) {
    const auto says = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
    switch (code) {
        case canceled:
        case unknown:
        case deadline_exceeded:
        case exhausted:
        case aborted:
        case internal_error:
        case unavailable:
            return EtcdFault::Kind::unreachable;
        case permission_denied:
        case unauthenticated:
            return EtcdFault::Kind::denied;
        case invalid_argument:
            return says("authentication failed") || says("user name is empty") ? EtcdFault::Kind::denied
                                                                               : EtcdFault::Kind::refused;
        case not_found:
            return says("lease not found") ? EtcdFault::Kind::lease_gone : EtcdFault::Kind::refused;
        default:
            return EtcdFault::Kind::refused;
    }
}

}  // namespace

EtcdError etcd_error_in(const Object& json, int http_status) {
    const Value* const found = json.find("error");
    const bool is_object = found != nullptr && found->is_object();
    const Object& error = is_object ? found->as_object() : json;
    // etcd 3.4 has grpc_code in the errors of streams.
    const auto code = error.get<int>("grpc_code", error.get<int>("code", 0));
    EtcdError result;
    result.code = code;
    result.text = escaped(error.get<std::string>("message", json.get<std::string>("error", "")));
    if (result.text.empty()) result.text = "HTTP status " + std::to_string(http_status);
    // What stands between the service and etcd has errors of its own.
    result.kind = code == 0 ? EtcdFault::Kind::misconfigured : kind_of(code, result.text);
    result.wants_login = code == unauthenticated || result.text.find("auth store is old") != std::string::npos;
    result.has_no_login =
        code == failed_precondition && result.text.find("authentication is not enabled") != std::string::npos;
    return result;
}

std::string without_quotes(const EtcdError& error, int http_status) {
    constexpr std::array<std::string_view, 6> known{"authentication failed, invalid user ID or password",
                                                    "authentication is not enabled",
                                                    "user name is empty",
                                                    "no leader",
                                                    "leader changed",
                                                    "request timed out"};
    for (const std::string_view text : known)
        if (error.text.find(text) != std::string::npos) return "etcdserver: " + std::string{text};
    const std::string status = "HTTP status " + std::to_string(http_status);
    return error.code == 0 ? status : "error " + std::to_string(error.code) + " of gRPC, " + status;
}

std::string foreign_reply(int http_status, std::string_view body) {
    constexpr std::size_t most = 60;
    body = body.substr(0, body.find_first_of("\r\n"));
    std::string reason = "it answered " + std::to_string(http_status);
    if (!body.empty()) reason += " with '" + escaped(body.substr(0, most)) + (body.size() > most ? "...'" : "'");
    return reason + ", which is not a reply of etcd 3.4 or later";
}

}  // namespace servicekit::cluster
