#include "servicekit/mocks/fake_line_reader.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace servicekit::mocks {

class FakeLineReaders::FakeLineReader final : public os::LineReader {
public:
    explicit FakeLineReader(FakeLineReaders& all) : all_{&all} {}

    Result<std::optional<std::string>> read_line(const std::string& prompt) override {
        all_->prompts_.push_back(prompt);
        if (const auto failure = all_->failures_.due("read_line", "stdin")) return os_error("read", "stdin", *failure);
        if (std::exchange(all_->interrupted_, false)) return os_error("read", "stdin", EINTR);
        if (all_->lines_.empty()) return std::optional<std::string>{};
        std::string line = std::move(all_->lines_.front());
        all_->lines_.pop_front();
        return std::optional{std::move(line)};
    }
    bool take_interrupt() override { return std::exchange(all_->interrupted_, false); }

private:
    FakeLineReaders* all_;
};

std::unique_ptr<os::LineReader> FakeLineReaders::make() { return std::make_unique<FakeLineReader>(*this); }

}  // namespace servicekit::mocks
