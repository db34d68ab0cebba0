#include "integration/support/text_file.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace servicekit::test {

std::string read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::string& path, std::string_view text) {
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.flush()) throw std::runtime_error{"cannot write " + path};
}

}  // namespace servicekit::test
