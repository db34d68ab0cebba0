#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Reads gzip's format (RFC 1952); members that stand one behind the other are one text.
class GunzipStream {
public:
    /// \throws std::bad_alloc
    GunzipStream();
    GunzipStream(GunzipStream&& other) noexcept;
    GunzipStream& operator=(GunzipStream&& other) noexcept;
    ~GunzipStream();

    /// \returns what came of it so far; nothing where the bytes are not, or not any more, gzip's. \throws std::bad_alloc
    [[nodiscard]] std::optional<std::string> decompress(std::string_view bytes);
    /// Whether a member has begun and not ended.
    [[nodiscard]] bool is_within_member() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::policies
