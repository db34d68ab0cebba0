#include "servicekit/mocks/fake_pipes.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace servicekit::mocks {

using ReadingEnd = os::PipeReading::End;

class FakePipes::FakePipe final : public os::Pipe {
public:
    FakePipe(std::shared_ptr<State> state, std::shared_ptr<Channel> channel, int number)
        : state_{std::move(state)}, channel_{std::move(channel)}, number_{number} {}
    ~FakePipe() override {
        FakePipe::close_reader();
        FakePipe::close_writer();
    }
    FakePipe(const FakePipe&) = delete;
    FakePipe& operator=(const FakePipe&) = delete;

    void close_reader() override { channel_->readers.erase(FakeTask::current()); }
    void close_writer() override { channel_->writers.erase(FakeTask::current()); }
    Result<void> write(std::string_view text) override {
        if (const auto failure = state_->failures.due("write")) return os_error("write to a pipe", "", *failure);
        if (!can_write()) return os_error("write to a pipe", "", EBADF);
        const bool nobody_reads =
            FakeTask::current() != 0 ? channel_->readers.empty() : state_->other_readers_closed && !can_read();
        if (nobody_reads) return os_error("write to a pipe", "", EPIPE);
        channel_->bytes += text;
        return {};
    }
    void keep_writer_from_children() override { channel_->guarded_writers.insert(FakeTask::current()); }
    void write_at_crash(std::string_view text) noexcept override {
        if (can_write()) channel_->bytes += text;
    }
    os::PipeReading read_line(std::chrono::milliseconds at_most) override {
        if (!can_read()) return {};
        return FakeTask::current() != 0 ? wait_for_line(at_most) : next_line(at_most);
    }
    [[nodiscard]] int writer() const override { return can_write() ? number_ : -1; }

private:
    [[nodiscard]] bool can_read() const { return channel_->readers.contains(FakeTask::current()); }
    [[nodiscard]] bool can_write() const { return channel_->writers.contains(FakeTask::current()); }
    [[nodiscard]] bool has_line() const { return channel_->bytes.find('\n') != std::string::npos; }

    /// Waits for a line of another process.
    os::PipeReading wait_for_line(std::chrono::milliseconds at_most) {
        bool interrupted = false;
        const auto is_over = [&, self = FakeTask::current()] {
            if (has_line() || channel_->writers.empty()) return true;
            interrupted = interrupted || state_->is_interrupted(self);
            return interrupted;
        };
        const bool came = state_->reactor->run_until(is_over, "a reader of a pipe", at_most);
        if (has_line() || channel_->writers.empty()) return {.text = std::exchange(channel_->bytes, {})};
        if (interrupted) return {.end = ReadingEnd::interrupted};
        return {.end = came ? ReadingEnd::closed : ReadingEnd::timed_out};
    }

    /// Returns the next line that this process wrote itself, or that the test supplies.
    os::PipeReading next_line(std::chrono::milliseconds at_most) {
        if (const auto newline = channel_->bytes.find('\n'); newline != std::string::npos) {
            os::PipeReading own{.text = channel_->bytes.substr(0, newline + 1)};
            channel_->bytes.erase(0, newline + 1);
            return own;
        }
        if (!state_->to_hear.empty()) {
            os::PipeReading heard = std::move(state_->to_hear.front());
            state_->to_hear.pop_front();
            if (heard.end == ReadingEnd::timed_out) state_->clock->advance(at_most);
            return heard;
        }
        if (!can_write()) return {};
        state_->clock->advance(at_most);
        return {.end = ReadingEnd::timed_out};
    }

    std::shared_ptr<State> state_;
    std::shared_ptr<Channel> channel_;
    int number_;
};

Result<std::unique_ptr<os::Pipe>> FakePipes::open() {
    if (const auto failure = state_->failures.due("open")) return os_error("open a pipe", "", *failure);
    const FakeTask::Id self = FakeTask::current();
    std::shared_ptr<Channel> channel;
    if (auto& inherited = state_->to_open_again[self]; !inherited.empty()) {
        channel = inherited.front();
        inherited.pop_front();
    } else {
        channel = std::make_shared<Channel>(Channel{.readers = {self}, .writers = {self}});
        state_->channels.push_back(channel);
    }
    state_->opened_by[self].push_back(channel);
    constexpr int first_number = 500;  // far from those of the other fakes
    const auto index = std::find(state_->channels.begin(), state_->channels.end(), channel) - state_->channels.begin();
    const int number = first_number + static_cast<int>(index);
    return std::unique_ptr<os::Pipe>{std::make_unique<FakePipe>(state_, std::move(channel), number)};
}

std::string FakePipes::written() const {
    std::string all;
    for (const auto& channel : state_->channels) all += channel->bytes;
    return all;
}

unsigned FakePipes::open_writers() const {
    return static_cast<unsigned>(
        std::count_if(state_->channels.begin(), state_->channels.end(),
                      [self = FakeTask::current()](const auto& channel) { return channel->writers.contains(self); }));
}

unsigned FakePipes::open_readers() const {
    return static_cast<unsigned>(
        std::count_if(state_->channels.begin(), state_->channels.end(),
                      [self = FakeTask::current()](const auto& channel) { return channel->readers.contains(self); }));
}

std::size_t FakePipes::open_ends() const {
    std::size_t count = 0;
    for (const auto& channel : state_->channels) count += channel->readers.size() + channel->writers.size();
    return count;
}

void FakePipes::connect(FakeReactor& reactor, std::function<bool(FakeTask::Id)> is_interrupted) {
    state_->reactor = &reactor;
    state_->is_interrupted = std::move(is_interrupted);
}

void FakePipes::inherit(FakeTask::Id parent, FakeTask::Id child) {
    for (const auto& channel : state_->opened_by[parent]) {
        if (channel->readers.contains(parent)) channel->readers.insert(child);
        if (channel->writers.contains(parent) && !channel->guarded_writers.contains(parent))
            channel->writers.insert(child);
        state_->to_open_again[child].push_back(channel);
    }
}

void FakePipes::process_died(FakeTask::Id process) {
    for (const auto& channel : state_->opened_by[process]) {
        channel->readers.erase(process);
        channel->writers.erase(process);
    }
    for (const auto& channel : state_->to_open_again[process]) {
        channel->readers.erase(process);
        channel->writers.erase(process);
    }
    state_->opened_by.erase(process);
    state_->to_open_again.erase(process);
}

}  // namespace servicekit::mocks
