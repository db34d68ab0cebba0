#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace servicekit::policies {

/// Makes gzip's format (RFC 1952) of what it is fed.
class GzipStream {
public:
    enum class Input { goes_on, ends };

    /// \throws std::bad_alloc
    GzipStream();
    GzipStream(const GzipStream&) = delete;
    GzipStream& operator=(const GzipStream&) = delete;
    ~GzipStream();

    /// \returns what came of it so far; all of the rest where the input ends. \throws std::bad_alloc
    [[nodiscard]] std::string compress(std::string_view bytes, Input input);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace servicekit::policies
