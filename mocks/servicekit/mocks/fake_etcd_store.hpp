#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/value.hpp"

namespace servicekit::mocks {

/// The keys and leases of a FakeEtcd. It can be copied, as a backup.
class FakeEtcdStore {
public:
    using Time = std::chrono::steady_clock::time_point;
    struct Key {
        std::string value;
        std::int64_t create_revision = 0;
        std::int64_t mod_revision = 0;
        std::int64_t lease = 0;
    };
    struct Lease {
        std::chrono::seconds ttl{0};
        Time end;  ///< when it lapses
    };
    struct Change {
        std::int64_t revision = 0;
        std::string key;
        bool is_deletion = false;
    };

    std::uint64_t cluster = 4711;
    std::uint64_t term = 2;
    std::int64_t revision = 1;
    std::map<std::string, Key> keys;
    std::map<std::int64_t, Lease> leases;
    std::vector<Change> changes;  ///< all there ever were, the oldest first
    std::int64_t last_lease = 1000;
    /// How long after its end a lease is noticed to have lapsed. etcd looks twice a second.
    std::chrono::milliseconds lateness{0};
    /// What etcd grants, whatever is asked.
    std::optional<std::chrono::seconds> granted_ttl = {};

    /// \returns its id
    std::int64_t grant(std::chrono::seconds ttl, Time now);
    /// \returns its TTL; 0 if there is no such lease
    std::chrono::seconds keep_alive(std::int64_t lease, Time now);
    /// Deletes the keys of the lease. \returns false if there is no such lease
    bool revoke(std::int64_t lease);
    /// \returns false if there is no such lease
    bool put(const std::string& key, const std::string& value, std::int64_t lease = 0);
    /// \returns false if there is no such key
    bool erase(const std::string& key);
    /// Ends the leases that have lapsed.
    void lapse(Time now);
    /// Gives each lease its whole TTL again.
    void extend_leases(Time now);

    /// Runs the body of /v3/kv/txn. \returns the reply without a header; nothing if a lease does not exist
    std::optional<Object> run(const Object& transaction);

    [[nodiscard]] Object header(std::optional<std::uint64_t> other_term = {}, std::uint64_t member = 1) const;
    /// Returns the keys with this prefix, the oldest first.
    [[nodiscard]] std::vector<std::string> keys_with(const std::string& prefix) const;

private:
    [[nodiscard]] bool holds(const Object& condition) const;
    [[nodiscard]] std::optional<Object> step(const Object& request, std::int64_t at_revision, bool& has_changed);
    bool put_at(const std::string& key, const std::string& value, std::int64_t lease, std::int64_t at_revision);
    bool erase_at(const std::string& key, std::int64_t at_revision);
};

/// Base64, as the gateway has it. \throws std::invalid_argument if the text is not Base64
[[nodiscard]] std::string decoded_base64(const std::string& text);
[[nodiscard]] std::string encoded_base64(const std::string& bytes);

}  // namespace servicekit::mocks
