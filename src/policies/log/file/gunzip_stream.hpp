#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Reads gzip's format (RFC 1952); members that stand one behind the other are one text. Zeros behind them
/// are padding, as gzip(1) has it.
class GunzipStream {
public:
    /// \throws std::bad_alloc
    GunzipStream();
    GunzipStream(GunzipStream&& other) noexcept;
    GunzipStream& operator=(GunzipStream&& other) noexcept;
    ~GunzipStream();

    /// \returns what came of it so far; of damaged bytes what came before the damage. \throws std::bad_alloc
    [[nodiscard]] std::string decompress(std::string_view bytes);
    /// Whether the bytes were not, or not any more, gzip's: nothing comes after them.
    [[nodiscard]] bool is_damaged() const noexcept;
    /// Whether a member has begun and not ended.
    [[nodiscard]] bool is_within_member() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::policies
