#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace servicekit::cluster {

/// The value of a key: which instance it is. The key of a contender has the lease of the contender. The key of the
/// holder, PREFIX/NAME.holder, has none: it names the instance that was active last.
struct ContenderRecord {
    std::string host = {};
    std::int64_t pid = 0;
    std::string since = {};  ///< when it began to contend, or to be active; RFC 3339

    // Only in the key of the holder.
    std::int64_t lease = 0;            ///< of the holder
    std::chrono::milliseconds ttl{0};  ///< of that lease
    bool has_left = false;             ///< the holder was inactive when it wrote this

    [[nodiscard]] std::string to_json() const;
    /// \returns nothing if the text is not such a record
    [[nodiscard]] static std::optional<ContenderRecord> from_json(std::string_view text);
    /// Returns "host 'db1', pid 4711".
    [[nodiscard]] std::string in_words() const;
};

/// Returns the key of a contender, which its lease names. \param directory with a slash at its end
[[nodiscard]] std::string key_of_contender(const std::string& directory, std::int64_t lease);

}  // namespace servicekit::cluster
