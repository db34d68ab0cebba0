#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::mocks {

/// The three standard streams, each of which leads to its user at first, who is at no terminal.
class FakeStandardStreams final : public os::StandardStreams {
public:
    enum class Target { user, closed, null, descriptor };

    void write(os::Stream stream, std::string_view text) override;
    /// Waits for nobody: no time goes by.
    [[nodiscard]] os::StreamWriting write_within(os::Stream stream, std::string_view text,
                                                 std::chrono::milliseconds at_most) override;
    [[nodiscard]] bool is_terminal(os::Stream stream) const override;
    [[nodiscard]] unsigned terminal_width(os::Stream stream) const override;
    Result<void> open_closed_ones() override;
    Result<void> redirect_to_null(os::Stream stream) override;
    Result<void> redirect_to(os::Stream stream, int descriptor) override;

    /// By the names of the functions of os::StandardStreams; the object is "stdin", "stdout" or "stderr".
    FakeFailures failures{"open_closed_ones", "redirect_to_null", "redirect_to", "write_within"};

    void set_terminal(os::Stream stream, bool is_terminal, unsigned width = 80);
    void close(os::Stream stream) { state(stream).target = Target::closed; }

    /// write_within() gets so many more bytes out, and then none, as where a pipe is full; nothing: no limit any more.
    void limit(os::Stream stream, std::optional<std::size_t> bytes) { state(stream).room = bytes; }
    /// How long the last write_within() would have waited.
    [[nodiscard]] std::chrono::milliseconds last_patience() const noexcept { return last_patience_; }

    /// What its user saw of this stream.
    [[nodiscard]] const std::string& written(os::Stream stream) const { return state(stream).text; }
    /// What streams that were redirected to this descriptor were given.
    [[nodiscard]] std::string written_to(int descriptor) const;
    [[nodiscard]] Target target(os::Stream stream) const { return state(stream).target; }
    /// Where the stream was redirected to; -1 where its target is no descriptor.
    [[nodiscard]] int descriptor(os::Stream stream) const;

private:
    struct State {
        Target target = Target::user;
        int descriptor = -1;
        std::optional<std::size_t> room = {};
        bool is_terminal = false;
        unsigned width = 80;
        std::string text = {};
    };
    [[nodiscard]] State& state(os::Stream stream) { return streams_.at(static_cast<std::size_t>(stream)); }
    [[nodiscard]] const State& state(os::Stream stream) const { return streams_.at(static_cast<std::size_t>(stream)); }

    std::array<State, 3> streams_;
    std::map<int, std::string> written_to_;
    std::chrono::milliseconds last_patience_{};
};

}  // namespace servicekit::mocks
