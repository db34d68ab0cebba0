#pragma once

#include <string>
#include <string_view>

#include "cluster/etcd_client.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::cluster {

/// An error that etcd answered.
struct EtcdError {
    EtcdFault::Kind kind = EtcdFault::Kind::refused;
    bool wants_login = false;   ///< the token has expired, or is none
    bool has_no_login = false;  ///< etcd does not ask for users
    int code = 0;               ///< of gRPC; 0: etcd did not answer this
    std::string text = {};      ///< what etcd says
};

/// Reads the `error` of a reply. \param json the whole reply, or a line of a stream
[[nodiscard]] EtcdError etcd_error_in(const Object& json, int http_status);

/// Returns what etcd says in words of our own, for a reply that may repeat a secret of its request.
[[nodiscard]] std::string without_quotes(const EtcdError& error, int http_status);

/// Returns the beginning of a reply that is not one of etcd, in words: "it answered 404 with 'Not Found'".
/// \param body empty: quotes nothing
[[nodiscard]] std::string foreign_reply(int http_status, std::string_view body);

}  // namespace servicekit::cluster
