#include "servicekit/os/environment.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace servicekit::os {
namespace {

class PosixEnvironment final : public Environment {
public:
    std::optional<std::string> get(const std::string& name) const override {
        const char* value = std::getenv(name.c_str());
        return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>{value};
    }

    std::vector<std::string> names() const override {
        std::vector<std::string> names;
        for (char* const* variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
            const std::string_view text{*variable};
            const auto equals = text.find('=');
            if (equals != std::string_view::npos && equals + 1 < text.size())
                names.emplace_back(text.substr(0, equals));
        }
        return names;
    }

    void set(const std::string& name, const std::string& value) override { ::setenv(name.c_str(), value.c_str(), 1); }

    void unset(const std::string& name) override { ::unsetenv(name.c_str()); }
};

}  // namespace

Environment& posix_environment() {
    static PosixEnvironment environment;
    return environment;
}

}  // namespace servicekit::os
