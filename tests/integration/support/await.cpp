#include "integration/support/await.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "integration/support/process.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {

void await_state(std::string_view what, const std::function<bool()>& is_so) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"not so: " + std::string{what}};
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

void await_text_in(const std::string& path, std::string_view text) {
    await_state(path + " holds '" + std::string{text} + "'",
                [&] { return read_file(path).find(text) != std::string::npos; });
}

}  // namespace servicekit::test
