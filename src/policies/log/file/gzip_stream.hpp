#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Compresses its input to gzip's format (RFC 1952).
class GzipStream {
public:
    enum class Input { goes_on, ends };

    /// \throws std::bad_alloc
    GzipStream();
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;
    ~GzipStream();

    /// \returns the compressed bytes so far, and all the rest if the input ends. \throws std::bad_alloc
    [[nodiscard]] std::string compress(std::string_view bytes, Input input);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::policies
