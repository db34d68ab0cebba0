#include "servicekit/mocks/fake_pipes.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

namespace servicekit::mocks {

class FakePipes::FakePipe final : public os::Pipe {
public:
    FakePipe(std::shared_ptr<State> state, int number) : state_{std::move(state)}, writer_{number} {
        ++state_->open_readers;
        ++state_->open_writers;
    }
    ~FakePipe() override {
        FakePipe::close_reader();
        FakePipe::close_writer();
    }
    FakePipe(const FakePipe&) = delete;
    FakePipe& operator=(const FakePipe&) = delete;

    void close_reader() override {
        if (std::exchange(reader_open_, false)) --state_->open_readers;
    }
    void close_writer() override {
        if (std::exchange(writer_, -1) >= 0) --state_->open_writers;
    }
    Result<void> write(std::string_view text) override {
        if (const auto failure = state_->failures.due("write")) return os_error("write to a pipe", "", *failure);
        if (writer_ < 0) return os_error("write to a pipe", "", EBADF);
        if (state_->other_readers_closed && !reader_open_) return os_error("write to a pipe", "", EPIPE);
        state_->written += text;
        return {};
    }
    os::PipeReading read_line(std::chrono::milliseconds at_most) override {
        if (!reader_open_) return {};
        if (const auto newline = state_->written.find('\n'); newline != std::string::npos) {
            os::PipeReading own{.text = state_->written.substr(0, newline + 1)};
            state_->written.erase(0, newline + 1);
            return own;
        }
        if (!state_->to_hear.empty()) {
            os::PipeReading heard = std::move(state_->to_hear.front());
            state_->to_hear.pop_front();
            if (heard.end == os::PipeReading::End::timed_out) state_->clock->advance(at_most);
            return heard;
        }
        if (writer_ < 0) return {};
        state_->clock->advance(at_most);
        return {.end = os::PipeReading::End::timed_out};
    }
    [[nodiscard]] int writer() const override { return writer_; }

private:
    std::shared_ptr<State> state_;
    bool reader_open_ = true;
    int writer_;
};

Result<std::unique_ptr<os::Pipe>> FakePipes::open() {
    if (const auto failure = state_->failures.due("open")) return os_error("open a pipe", "", *failure);
    constexpr int first_number = 500;  // far from those of the other fakes
    const int number = first_number + static_cast<int>(state_->opened++);
    return std::unique_ptr<os::Pipe>{std::make_unique<FakePipe>(state_, number)};
}

}  // namespace servicekit::mocks
