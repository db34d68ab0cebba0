#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit::cluster {

// Requests, as of etcd's v3 API.

struct GrantLease {
    std::chrono::seconds ttl{0};
};
struct KeepAlive {
    std::int64_t lease = 0;
};
struct AskLease {
    std::int64_t lease = 0;
};
struct RevokeLease {
    std::int64_t lease = 0;
};
struct Authenticate {
    std::string user = {};
    std::string password = {};
};
/// Steps that etcd runs at one revision.
struct Transaction {
    struct Condition {
        enum class Of { create_revision, mod_revision };
        std::string key;
        Of of = Of::create_revision;
        std::int64_t revision = 0;  ///< 0: the key does not exist
    };
    struct Put {
        std::string key;
        std::string value;
        std::int64_t lease = 0;  ///< 0: none
    };
    struct Delete {
        std::string key;
    };
    /// Reads a key, or all keys with a prefix.
    struct Read {
        std::string key;
        bool is_prefix = false;
    };
    using Step = std::variant<Put, Delete, Read>;
    std::vector<Condition> conditions = {};
    std::vector<Step> then = {};       ///< if all conditions hold
    std::vector<Step> otherwise = {};  ///< if not
};
/// Watches keys in one stream.
struct WatchKeys {
    std::vector<std::string> keys = {};
    std::int64_t from = 0;  ///< the first revision that is wanted
};
using EtcdRequest = std::variant<GrantLease, KeepAlive, AskLease, RevokeLease, Authenticate, Transaction, WatchKeys>;

/// Returns the path of the gateway: "/v3/kv/txn".
[[nodiscard]] std::string_view path_of(const EtcdRequest& request) noexcept;
/// Returns what the request does, as a verb phrase for messages: "renew the lease".
[[nodiscard]] std::string_view action_of(const EtcdRequest& request) noexcept;
[[nodiscard]] std::string body_of(const EtcdRequest& request);

// Replies.

/// The header of a reply.
struct EtcdHeader {
    std::uint64_t cluster = 0;
    std::uint64_t member = 0;
    std::int64_t revision = 0;
    std::uint64_t term = 0;

    /// \returns true if the same member answered in the same term
    [[nodiscard]] bool is_same_term(const EtcdHeader& other) const noexcept {
        return cluster == other.cluster && member == other.member && term == other.term;
    }
};
struct KeyValue {
    std::string key;
    std::string value;
    std::int64_t create_revision = 0;
    std::int64_t mod_revision = 0;
    std::int64_t lease = 0;
};
/// The reply to GrantLease, KeepAlive and AskLease.
struct LeaseState {
    EtcdHeader header;
    std::int64_t lease = 0;
    std::chrono::seconds ttl{0};      ///< 0 or less if the lease is gone, or has less than a second left
    std::chrono::seconds granted{0};  ///< only in the reply to AskLease; 0 if the lease is gone
};
struct LeaseRevoked {
    EtcdHeader header;
};
struct Token {
    std::string token;  ///< a secret
};
struct TransactionReply {
    EtcdHeader header;
    bool succeeded = false;                         ///< the conditions held
    std::vector<std::vector<KeyValue>> reads = {};  ///< what each Transaction::Read found
};
/// A line of a watch.
struct WatchReport {
    struct Change {
        std::string key;
        bool is_deletion = false;
    };
    EtcdHeader header;
    bool is_created = false;   ///< the watch of one key has begun
    bool is_canceled = false;  ///< etcd ended it
    std::vector<Change> changes = {};
};
using EtcdReply = std::variant<LeaseState, LeaseRevoked, Token, TransactionReply, WatchReport>;

/// Reads the reply to a request. \param json of a stream: the object below `result`
/// \returns nothing if it is not such a reply
[[nodiscard]] std::optional<EtcdReply> reply_to(const EtcdRequest& request, const Object& json);

}  // namespace servicekit::cluster
