#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Reads gzip's format (RFC 1952). Consecutive members form one text. Zeros after them are padding, as for gzip(1).
class GunzipStream {
public:
    /// \throws std::bad_alloc
    GunzipStream();
    GunzipStream(GunzipStream&& other) noexcept;
    GunzipStream& operator=(GunzipStream&& other) noexcept;
    ~GunzipStream();

    /// \returns the text decompressed so far; for damaged bytes, the text before the damage. \throws std::bad_alloc
    [[nodiscard]] std::string decompress(std::string_view bytes);
    /// Returns true if the bytes are not, or no longer, in gzip's format. No more text follows then.
    [[nodiscard]] bool is_damaged() const noexcept;
    /// Returns true if a member has begun and not ended.
    [[nodiscard]] bool is_within_member() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::policies
