#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/mocks/fake_failures.hpp"
#include "servicekit/mocks/per_task.hpp"
#include "servicekit/os/standard_streams.hpp"

namespace servicekit::mocks {

/// The three standard streams. At first each belongs to the user, who is not at a terminal. Each process of
/// FakeOs::spawn() has its own, and all have the same user.
class FakeStandardStreams final : public os::StandardStreams {
public:
    enum class Target { user, closed, null, descriptor, file };

    void write(os::Stream stream, std::string_view text) override;
    /// Does not wait: no time passes.
    [[nodiscard]] os::StreamWriting write_within(os::Stream stream, std::string_view text,
                                                 std::chrono::milliseconds at_most) override;
    void write_at_crash(os::Stream stream, std::string_view text, std::chrono::milliseconds at_most) noexcept override;
    Result<std::string> read_rest(std::size_t max_bytes) override;
    Result<std::optional<std::string>> ask_hidden(const std::string& prompt) override;
    Result<std::optional<char>> ask_key(const std::string& prompt, std::string_view keys) override;
    [[nodiscard]] bool is_terminal(os::Stream stream) const override;
    [[nodiscard]] unsigned terminal_width(os::Stream stream) const override;
    Result<void> open_closed_ones() override;
    Result<void> redirect_to_null(os::Stream stream) override;
    Result<void> redirect_to(os::Stream stream, int descriptor) override;
    [[nodiscard]] bool leads_to(os::Stream stream, int descriptor) const override;
    /// Later output to the stream is lost.
    Result<std::optional<Error>> redirect_to_file(os::Stream stream, const os::StreamFile& file) override;
    Result<void> change_owner(os::Stream stream, uid_t uid, gid_t gid) override;

    /// Failures of the functions of os::StandardStreams, by their names; the object is "stdin", "stdout" or "stderr".
    /// "set_permissions" is applied to a new file; its failure is only a shortcoming.
    FakeFailures failures{
        "open_closed_ones", "redirect_to_null", "redirect_to", "redirect_to_file", "change_owner",   "write",
        "write_within",     "read_rest",        "ask_hidden",  "ask_key",          "set_permissions"};

    /// Sets what read_rest() returns from stdin.
    void set_input(std::string text) { input_ = std::move(text); }
    /// Queues a line for ask_hidden(). Without one, ask_hidden() is at the end of the input.
    void type_hidden(std::string line) { hidden_lines_.push_back(std::move(line)); }
    /// Queues a key for ask_key(). Without one, ask_key() is at the end of the input.
    void type_key(char key) { keys_.push_back(key); }
    /// Returns the prompts of ask_hidden() and ask_key(), in order.
    [[nodiscard]] const std::vector<std::string>& prompts() const noexcept { return prompts_; }

    void set_terminal(os::Stream stream, bool is_terminal, unsigned width = 80);
    void close(os::Stream stream) { state(stream).target = Target::closed; }
    /// Makes leads_to() return true for every descriptor.
    void share(os::Stream stream) { state(stream).is_shared = true; }

    /// Sets how many more bytes write_within() writes before it fails, as if a pipe were full; nothing: no limit.
    void limit(os::Stream stream, std::optional<std::size_t> bytes) { state(stream).room = bytes; }
    /// Returns how long the last write_within() would have waited.
    [[nodiscard]] std::chrono::milliseconds last_patience() const noexcept { return last_patience_; }

    /// Returns what the user saw of this stream.
    [[nodiscard]] const std::string& written(os::Stream stream) const {
        return texts_.at(static_cast<std::size_t>(stream));
    }
    /// Returns what was written to streams that were redirected to this descriptor.
    [[nodiscard]] std::string written_to(int descriptor) const;
    [[nodiscard]] Target target(os::Stream stream) const { return state(stream).target; }
    /// Returns the descriptor that the stream was redirected to; -1 if its target is not a descriptor.
    [[nodiscard]] int descriptor(os::Stream stream) const;

    /// Returns the file of the stream. \pre target() is `file`
    [[nodiscard]] const os::StreamFile& file(os::Stream stream) const { return state(stream).file; }
    /// Returns the new owner of its file; nothing if it was not changed.
    [[nodiscard]] std::optional<uid_t> owner(os::Stream stream) const { return state(stream).owner; }

    /// For FakeOs: output is ignored while this returns true, because it was written before or must never be written.
    void be_silent_while(std::function<bool()> condition) { is_silent_ = std::move(condition); }
    void forget(FakeTask::Id task) { states_.forget(task); }

private:
    struct State {
        Target target = Target::user;
        int descriptor = -1;
        os::StreamFile file = {};
        std::optional<uid_t> owner = {};
        std::optional<std::size_t> room = {};
        bool is_terminal = false;
        bool is_shared = false;
        unsigned width = 80;
    };
    [[nodiscard]] State& state(os::Stream stream) const { return states_.own().at(static_cast<std::size_t>(stream)); }

    PerTask<std::array<State, 3>> states_;
    std::array<std::string, 3> texts_;
    std::function<bool()> is_silent_;
    std::map<int, std::string> written_to_;
    std::chrono::milliseconds last_patience_{};
    std::string input_;
    std::deque<std::string> hidden_lines_;
    std::deque<char> keys_;
    std::vector<std::string> prompts_;
};

}  // namespace servicekit::mocks
